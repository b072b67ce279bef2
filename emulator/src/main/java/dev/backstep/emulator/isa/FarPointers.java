package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// Far pointers in memory: m16:16, m16:32, m16:64. The selector follows the offset.
final class FarPointers {
  private FarPointers() {}

  /// The offset, zero-extended, as wide as the operand size.
  static long offset(Vcpu c, DecodedInstruction i, long ea) {
    return switch (i.operandBytes) {
      case 2 -> c.mmu.load16(i.segment, ea) & 0xFFFFL;
      case 4 -> c.mmu.load32(i.segment, ea) & 0xFFFFFFFFL;
      default -> c.mmu.load64(i.segment, ea);
    };
  }

  static int selector(Vcpu c, DecodedInstruction i, long ea) {
    return c.mmu.load16(i.segment, ea + i.operandBytes & i.addressMask) & 0xFFFF;
  }
}
