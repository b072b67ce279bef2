package dev.backstep.emulator.virtualization;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// A processor without VMX and SVM. SDM Vol. 3 "Discovering Support for VMX": CR4.VMXE is reserved,
/// and every instruction is undefined at any privilege level.
final class AbsentExtension implements VirtualizationExtension {
  @Override
  public void execute(Vcpu c, DecodedInstruction i) {
    throw c.fault.undefinedOpcode();
  }

  @Override
  public long cr4Bits() {
    return 0;
  }

  @Override
  public long eferBits() {
    return 0;
  }

  @Override
  public long readMsr(Vcpu c, int index) {
    throw c.fault.generalProtection(0);
  }

  @Override
  public void writeMsr(Vcpu c, int index, long value) {
    throw c.fault.generalProtection(0);
  }
}
