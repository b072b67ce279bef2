package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// Moves to, from and between MMX registers. SDM Vol. 2 "MOVD/MOVQ", "EMMS", "MASKMOVQ".
public final class MmxMoves {
  private MmxMoves() {}

  /// Empties all x87 registers.
  public static void emms(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    c.fpu.top = 0;
    c.fpu.tagValid = 0;
  }

  public static void movd(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    if (Operands.kind(i.operand0) == Operands.MMX_REGISTER) {
      VectorState.storeMmx(c, i.register0, SseMoves.loadGeneral(c, i));
      return;
    }
    SseMoves.storeGeneral(c, i, c.fpu.significand[i.register1]);
    VectorState.useMmx(c);
  }

  public static void movq(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    if (!i.isMemory()) {
      VectorState.storeMmx(c, i.register0, c.fpu.significand[i.register1]);
      return;
    }
    long ea = i.effectiveAddress(c.gpr);
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      c.mmu.store64(i.segment, ea, c.fpu.significand[i.register1]);
      VectorState.useMmx(c);
      return;
    }
    VectorState.storeMmx(c, i.register0, c.mmu.load64(i.segment, ea));
  }

  /// The registers become MMX registers even if the store faults, as on an AMD EPYC.
  public static void maskmovq(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    VectorState.useMmx(c);
    SseMoves.checkMaskedStore(c, i, 8);
    SseMoves.storeMasked(c, i, 0, c.fpu.significand[i.register0], c.fpu.significand[i.register1]);
  }
}
