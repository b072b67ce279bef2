package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatArithmetic.NEGATE_ADDEND;
import static dev.backstep.emulator.isa.SseFloatFusedDouble.fused;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// Fused multiply-add of packed doubles that adds in every other element and subtracts in the rest.
/// SDM Vol. 2 "VFMADDSUB132PD", "VFMSUBADD132PD".
public final class SseFloatFusedAlternating {
  private static final int[] ADDS_IN_ODD = {NEGATE_ADDEND, 0};
  private static final int[] ADDS_IN_EVEN = {0, NEGATE_ADDEND};

  private SseFloatFusedAlternating() {}

  public static void vfmaddsub132pd(Vcpu c, DecodedInstruction i) {
    fuse(c, i, c.fpu.scratchA, c.fpu.scratchC, c.fpu.scratchB, ADDS_IN_ODD);
  }

  public static void vfmaddsub213pd(Vcpu c, DecodedInstruction i) {
    fuse(c, i, c.fpu.scratchB, c.fpu.scratchA, c.fpu.scratchC, ADDS_IN_ODD);
  }

  public static void vfmaddsub231pd(Vcpu c, DecodedInstruction i) {
    fuse(c, i, c.fpu.scratchB, c.fpu.scratchC, c.fpu.scratchA, ADDS_IN_ODD);
  }

  public static void vfmsubadd132pd(Vcpu c, DecodedInstruction i) {
    fuse(c, i, c.fpu.scratchA, c.fpu.scratchC, c.fpu.scratchB, ADDS_IN_EVEN);
  }

  public static void vfmsubadd213pd(Vcpu c, DecodedInstruction i) {
    fuse(c, i, c.fpu.scratchB, c.fpu.scratchA, c.fpu.scratchC, ADDS_IN_EVEN);
  }

  public static void vfmsubadd231pd(Vcpu c, DecodedInstruction i) {
    fuse(c, i, c.fpu.scratchB, c.fpu.scratchC, c.fpu.scratchA, ADDS_IN_EVEN);
  }

  /// `scratchA`, `scratchB` and `scratchC` are operands 0 to 2.
  private static void fuse(
      Vcpu c, DecodedInstruction i, long[] x, long[] y, long[] addend, int[] signs) {
    VectorOperands.require(c, i);
    VectorOperands.load(c, i, 0, c.fpu.scratchA);
    VectorOperands.load(c, i, 1, c.fpu.scratchB);
    VectorOperands.load(c, i, 2, c.fpu.scratchC);
    VectorFloat.begin(c);
    long[] d = c.fpu.scratchD;
    int lanes = Operands.bytes(i.operand0) / 8;
    for (int k = 0; k < 4; k++) {
      d[k] = k < lanes ? fused(c, x[k], y[k], addend[k], signs[k & 1]) : 0;
    }
    VectorFloat.finish(c);
    VectorOperands.store(c, i, d);
  }
}
