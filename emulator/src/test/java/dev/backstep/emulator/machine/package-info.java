/// Tests of the package they stand in.
@NullMarked
package dev.backstep.emulator.machine;

import org.jspecify.annotations.NullMarked;
