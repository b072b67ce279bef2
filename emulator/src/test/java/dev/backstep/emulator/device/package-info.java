@NullMarked
package dev.backstep.emulator.device;

import org.jspecify.annotations.NullMarked;
