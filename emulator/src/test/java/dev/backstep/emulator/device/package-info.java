/// Tests of the devices, one at a time, through their ports.
@NullMarked
package dev.backstep.emulator.device;

import org.jspecify.annotations.NullMarked;
