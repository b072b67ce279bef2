@NullMarked
package dev.backstep.emulator.interrupt;

import org.jspecify.annotations.NullMarked;
