@NullMarked
package dev.backstep.emulator.device.pci;

import org.jspecify.annotations.NullMarked;
