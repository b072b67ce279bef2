/// Interrupt controllers: local APIC, IOAPIC, PIC, and the routing between them. They know vCPUs
/// only as [CpuSignals]. Single-threaded, driven by the machine.
@NullMarked
package dev.backstep.emulator.interrupt;

import org.jspecify.annotations.NullMarked;
