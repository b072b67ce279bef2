package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Moves of elements and halves that AVX and AVX2 added, and what clears registers. SDM Vol. 2
/// "VBROADCAST", "VINSERTF128" and the entries named.
public final class AvxMoves {
  private AvxMoves() {}

  /// VBROADCASTSS, VBROADCASTSD, VPBROADCASTB to VPBROADCASTQ: one element to all.
  public static void broadcast(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    long[] v = c.fpu.scratchA;
    VectorOperands.load(c, i, 1, v);
    long lane =
        switch (Operands.bytes(i.operand1)) {
          case 1 -> v[0] * 0x0101_0101_0101_0101L;
          case 2 -> v[0] * 0x0001_0001_0001_0001L;
          case 4 -> v[0] | v[0] << 32;
          default -> v[0];
        };
    fill(v, lane, lane, Operands.bytes(i.operand0));
    VectorOperands.storeRegister(c, i, i.register0, v);
  }

  /// VBROADCASTF128 and VBROADCASTI128.
  public static void broadcast128(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    long[] v = c.fpu.scratchA;
    VectorOperands.load(c, i, 1, v);
    fill(v, v[0], v[1], 32);
    VectorOperands.storeRegister(c, i, i.register0, v);
  }

  private static void fill(long[] v, long low, long high, int bytes) {
    v[0] = low;
    v[1] = high;
    v[2] = bytes == 32 ? low : 0;
    v[3] = bytes == 32 ? high : 0;
  }

  /// VINSERTF128 and VINSERTI128.
  public static void insert128(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    long[] v = c.fpu.scratchA;
    long[] half = c.fpu.scratchB;
    VectorOperands.load(c, i, 2, half);
    VectorOperands.load(c, i, 1, v);
    int at = 2 * (int) (i.immediate & 1);
    v[at] = half[0];
    v[at + 1] = half[1];
    VectorOperands.storeRegister(c, i, i.register0, v);
  }

  /// VEXTRACTF128 and VEXTRACTI128.
  public static void extract128(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    long[] v = c.fpu.scratchA;
    VectorOperands.load(c, i, 1, v);
    int at = 2 * (int) (i.immediate & 1);
    fill(v, v[at], v[at + 1], 16);
    VectorOperands.store(c, i, v);
  }

  /// Without the upper eight registers outside 64-bit mode.
  public static void vzeroupper(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    VectorState.clear(c.fpu.ymmHigh, c);
  }

  public static void vzeroall(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    FpuState fpu = c.fpu;
    VectorState.clear(fpu.xmm, c);
    VectorState.clear(fpu.ymmHigh, c);
  }

  public static void vtestps(Vcpu c, DecodedInstruction i) {
    testSigns(c, i, 0x8000_0000_8000_0000L);
  }

  public static void vtestpd(Vcpu c, DecodedInstruction i) {
    testSigns(c, i, 0x8000_0000_0000_0000L);
  }

  /// ZF: no sign bit in the AND of both; CF: none in the source that is not in the destination.
  private static void testSigns(Vcpu c, DecodedInstruction i, long signs) {
    VectorState.requireAvx(c);
    long[] a = c.fpu.scratchA;
    long[] b = c.fpu.scratchB;
    VectorOperands.load(c, i, 0, a);
    VectorOperands.load(c, i, 1, b);
    long both = 0;
    long only = 0;
    for (int lane = 0; lane < 4; lane++) {
      both |= a[lane] & b[lane];
      only |= ~a[lane] & b[lane];
    }
    Rflags.setArithmetic(
        c, ((both & signs) == 0 ? Rflags.ZF : 0) | ((only & signs) == 0 ? Rflags.CF : 0));
  }
}
