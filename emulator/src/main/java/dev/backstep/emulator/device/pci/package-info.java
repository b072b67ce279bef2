/// PCI: configuration mechanism #1, functions with base address registers that map themselves onto
/// the buses, and the chipset's functions. Single-threaded, driven by the machine.
@NullMarked
package dev.backstep.emulator.device.pci;

import org.jspecify.annotations.NullMarked;
