package dev.backstep.emulator.vcpu;

import dev.backstep.emulator.bus.NumericErrorPins;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.interrupt.LocalInterrupts;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.msr.MsrTable;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.virtualization.Hypervisor;
import dev.backstep.emulator.virtualization.VirtualizationExtension;

/// What a vCPU is wired to when the machine is built.
///
/// @param physicalBus guest-physical memory
/// @param ports the I/O port space
/// @param localInterrupts gives the vCPU its local APIC
/// @param clock virtual time
/// @param cpuid what CPUID answers
/// @param msrs what RDMSR and WRMSR do
/// @param memoryTypes the platform's rule for effective memory types
/// @param events where events go
/// @param inputs gives random numbers
/// @param numericErrors takes x87 exceptions while CR0.NE is clear
/// @param hypervisor what is below the guest
/// @param virtualization what the guest's own VMX or SVM instructions do
public record VcpuParts(
    PhysicalBus physicalBus,
    PortBus ports,
    LocalInterrupts.Factory localInterrupts,
    VirtualClock clock,
    CpuidTable cpuid,
    MsrTable msrs,
    MemoryTypePolicy memoryTypes,
    EventPort events,
    ExternalInputs inputs,
    NumericErrorPins numericErrors,
    Hypervisor hypervisor,
    VirtualizationExtension virtualization) {

  /// A vCPU without a hypervisor, whose FERR# is not connected.
  public VcpuParts(
      PhysicalBus physicalBus,
      PortBus ports,
      LocalInterrupts.Factory localInterrupts,
      VirtualClock clock,
      CpuidTable cpuid,
      MsrTable msrs,
      MemoryTypePolicy memoryTypes,
      EventPort events,
      ExternalInputs inputs) {
    this(
        physicalBus,
        ports,
        localInterrupts,
        clock,
        cpuid,
        msrs,
        memoryTypes,
        events,
        inputs,
        NumericErrorPins.UNCONNECTED,
        Hypervisor.NONE,
        VirtualizationExtension.ABSENT);
  }
}
