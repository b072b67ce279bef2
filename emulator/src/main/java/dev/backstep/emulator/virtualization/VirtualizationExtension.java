package dev.backstep.emulator.virtualization;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// VMX or SVM as the guest's processor has it: the place where a guest hypervisor is carried. SDM
/// Vol. 3 "Introduction to VMX Operation"; APM Vol. 2 "Secure Virtual Machine".
///
/// The opcode tables have all instructions of both, without a CPUID feature: they decode and
/// disassemble everywhere and come here, before they touch a register or memory. CR4 and EFER take
/// the bits that are named here; an MSR that no other part has is looked for here.
public interface VirtualizationExtension {
  /// Neither is enumerated.
  VirtualizationExtension ABSENT = new AbsentExtension();

  /// Executes an instruction of VMX or SVM: VMXON to INVVPID, VMRUN to INVLPGA.
  ///
  /// @throws GuestFault #UD if the processor lacks it or is not in its mode, or what it raises
  void execute(Vcpu c, DecodedInstruction i);

  /// CR4.VMXE, or 0.
  long cr4Bits();

  /// EFER.SVME, or 0.
  long eferBits();

  /// RDMSR of a register that no other part of the processor has.
  ///
  /// @throws GuestFault #GP(0) if this has not got it either
  long readMsr(Vcpu c, int index);

  /// WRMSR of a register that no other part of the processor has.
  ///
  /// @throws GuestFault #GP(0) if this has not got it either, or the value is wrong
  void writeMsr(Vcpu c, int index, long value);
}
