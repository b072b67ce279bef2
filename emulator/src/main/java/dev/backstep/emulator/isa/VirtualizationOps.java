package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// The instructions of VMX and SVM. SDM Vol. 3 "VMX Instruction Reference"; APM Vol. 3 "System
/// Instruction Reference".
public final class VirtualizationOps {
  private VirtualizationOps() {}

  /// What the processor's extension makes of it.
  public static void execute(Vcpu c, DecodedInstruction i) {
    c.virtualization.execute(c, i);
  }
}
