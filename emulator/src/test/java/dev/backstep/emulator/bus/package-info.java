/// Tests of the package they stand in.
@NullMarked
package dev.backstep.emulator.bus;

import org.jspecify.annotations.NullMarked;
