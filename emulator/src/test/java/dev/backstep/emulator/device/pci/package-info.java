/// Tests of PCI, through its configuration ports.
@NullMarked
package dev.backstep.emulator.device.pci;

import org.jspecify.annotations.NullMarked;
