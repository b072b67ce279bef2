@NullMarked
package dev.backstep.emulator.boot;

import org.jspecify.annotations.NullMarked;
