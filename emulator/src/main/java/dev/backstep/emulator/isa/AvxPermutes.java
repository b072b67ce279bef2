package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// Permutations and blends that AVX and AVX2 added. SDM Vol. 2 "VPERMILPS", "VPERM2F128", "VPERMD"
/// and the entries named.
public final class AvxPermutes {
  private static final int HALF_IS_ZERO = 8;

  private AvxPermutes() {}

  /// VPERMILPS: for each doubleword, two bits of that of `b`.
  public static void vpermilps(long[] d, long[] a, long[] b, int at) {
    for (int k = at; k < at + 2; k++) {
      d[k] =
          SseShuffles.doubleword(a[at], a[at + 1], b[k])
              | SseShuffles.doubleword(a[at], a[at + 1], b[k] >>> 32) << 32;
    }
  }

  /// VPERMILPD: for each quadword, bit 1 of that of `b`.
  public static void vpermilpd(long[] d, long[] a, long[] b, int at) {
    d[at] = a[at + (int) (b[at] >>> 1 & 1)];
    d[at + 1] = a[at + (int) (b[at + 1] >>> 1 & 1)];
  }

  /// VPERMILPD with an immediate: a bit for each quadword.
  public static void vpermilpdImmediate(long[] d, long[] a, int at, int order) {
    SseShuffles.shufpd(d, a, a, at, order);
  }

  /// VPERM2F128 and VPERM2I128.
  public static void permute128(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    long[] a = c.fpu.scratchA;
    long[] b = c.fpu.scratchB;
    VectorOperands.load(c, i, 2, b);
    VectorOperands.load(c, i, 1, a);
    long[] d = c.fpu.scratchD;
    half(d, 0, a, b, (int) i.immediate);
    half(d, 2, a, b, (int) i.immediate >> 4);
    VectorOperands.storeRegister(c, i, i.register0, d);
  }

  private static void half(long[] d, int at, long[] a, long[] b, int choice) {
    long[] from = (choice & 2) == 0 ? a : b;
    boolean zero = (choice & HALF_IS_ZERO) != 0;
    int half = 2 * (choice & 1);
    d[at] = zero ? 0 : from[half];
    d[at + 1] = zero ? 0 : from[half + 1];
  }

  /// VPERMQ and VPERMPD: two bits of the immediate for each quadword.
  public static void permuteQuadwords(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    long[] a = c.fpu.scratchA;
    VectorOperands.load(c, i, 1, a);
    long[] d = c.fpu.scratchD;
    for (int k = 0; k < 4; k++) {
      d[k] = a[(int) i.immediate >> 2 * k & 3];
    }
    VectorOperands.storeRegister(c, i, i.register0, d);
  }

  /// VPERMD and VPERMPS: three bits of each doubleword of operand 1 choose one of operand 2.
  public static void permuteDoublewords(Vcpu c, DecodedInstruction i) {
    VectorState.requireAvx(c);
    long[] from = c.fpu.scratchB;
    long[] order = c.fpu.scratchA;
    VectorOperands.load(c, i, 2, from);
    VectorOperands.load(c, i, 1, order);
    long[] d = c.fpu.scratchD;
    for (int k = 0; k < 4; k++) {
      d[k] = doubleword(from, order[k]) | doubleword(from, order[k] >>> 32) << 32;
    }
    VectorOperands.storeRegister(c, i, i.register0, d);
  }

  private static long doubleword(long[] from, long index) {
    return from[(int) (index >>> 1 & 3)] >>> 32 * (index & 1) & Registers.LOW_32;
  }

  /// VPBLENDD: a bit of the immediate for each doubleword.
  public static void vpblendd(long[] d, long[] a, long[] b, int at, int choice) {
    for (int k = at; k < at + 2; k++) {
      long fromB = (choice >> 2 * k & 1) * Registers.LOW_32;
      fromB |= (choice >> 2 * k + 1 & 1) * ~Registers.LOW_32;
      d[k] = a[k] & ~fromB | b[k] & fromB;
    }
  }
}
