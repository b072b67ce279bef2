/// Guest-physical memory, I/O ports and interrupt lines: what connects vCPUs and devices.
@NullMarked
package dev.backstep.emulator.bus;

import org.jspecify.annotations.NullMarked;
