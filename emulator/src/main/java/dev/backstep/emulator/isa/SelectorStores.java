package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// Stores of 16-bit system values (selectors, the machine status word) whose memory form always
/// writes 16 bits. SDM Vol. 2 "MOV", "SLDT", "STR", "SMSW".
final class SelectorStores {
  private SelectorStores() {}

  /// Stores `value` to operand 0: its low 16 bits to memory, or as many bits as the operand has to
  /// a register (32 bits clear the upper half).
  static void store(Vcpu c, DecodedInstruction i, long value) {
    if (Operands.kind(i.operand0) != Operands.GPR) {
      c.mmu.store16(i.segment, i.effectiveAddress(c.gpr), (int) value);
      return;
    }
    int register = Operands.register(i.operand0);
    c.gpr[register] =
        switch (i.operandBytes) {
          case 2 -> c.gpr[register] & ~0xFFFFL | value & 0xFFFF;
          case 4 -> value & 0xFFFFFFFFL;
          default -> value;
        };
  }
}
