/// Tests of the package they stand in.
@NullMarked
package dev.backstep.emulator.time;

import org.jspecify.annotations.NullMarked;
