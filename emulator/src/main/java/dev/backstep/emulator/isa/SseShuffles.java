package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// What moves elements about within 128 bits: an XMM register, or either half of a YMM register, at
/// `at` and `at + 1` of an array. SDM Vol. 2 "PUNPCKLBW", "PACKSSWB", "PSHUFD" and the others.
public final class SseShuffles {
  private SseShuffles() {}

  public static void punpcklbw(long[] d, long[] a, long[] b, int at) {
    d[at] = PackedLanes.interleaveBytes(a[at], b[at]);
    d[at + 1] = PackedLanes.interleaveBytes(a[at] >>> 32, b[at] >>> 32);
  }

  public static void punpcklwd(long[] d, long[] a, long[] b, int at) {
    d[at] = PackedLanes.interleaveWords(a[at], b[at]);
    d[at + 1] = PackedLanes.interleaveWords(a[at] >>> 32, b[at] >>> 32);
  }

  public static void punpckldq(long[] d, long[] a, long[] b, int at) {
    d[at] = PackedLanes.interleaveDoublewords(a[at], b[at]);
    d[at + 1] = PackedLanes.interleaveDoublewords(a[at] >>> 32, b[at] >>> 32);
  }

  public static void punpcklqdq(long[] d, long[] a, long[] b, int at) {
    d[at] = a[at];
    d[at + 1] = b[at];
  }

  public static void punpckhbw(long[] d, long[] a, long[] b, int at) {
    d[at] = PackedLanes.interleaveBytes(a[at + 1], b[at + 1]);
    d[at + 1] = PackedLanes.interleaveBytes(a[at + 1] >>> 32, b[at + 1] >>> 32);
  }

  public static void punpckhwd(long[] d, long[] a, long[] b, int at) {
    d[at] = PackedLanes.interleaveWords(a[at + 1], b[at + 1]);
    d[at + 1] = PackedLanes.interleaveWords(a[at + 1] >>> 32, b[at + 1] >>> 32);
  }

  public static void punpckhdq(long[] d, long[] a, long[] b, int at) {
    d[at] = PackedLanes.interleaveDoublewords(a[at + 1], b[at + 1]);
    d[at + 1] = PackedLanes.interleaveDoublewords(a[at + 1] >>> 32, b[at + 1] >>> 32);
  }

  public static void punpckhqdq(long[] d, long[] a, long[] b, int at) {
    d[at] = a[at + 1];
    d[at + 1] = b[at + 1];
  }

  public static void packsswb(long[] d, long[] a, long[] b, int at) {
    d[at] = MmxInteger.packsswb(a[at], a[at + 1]);
    d[at + 1] = MmxInteger.packsswb(b[at], b[at + 1]);
  }

  public static void packuswb(long[] d, long[] a, long[] b, int at) {
    d[at] = MmxInteger.packuswb(a[at], a[at + 1]);
    d[at + 1] = MmxInteger.packuswb(b[at], b[at + 1]);
  }

  public static void packssdw(long[] d, long[] a, long[] b, int at) {
    d[at] = MmxInteger.packssdw(a[at], a[at + 1]);
    d[at + 1] = MmxInteger.packssdw(b[at], b[at + 1]);
  }

  /// Also VPERMILPS with an immediate.
  public static void pshufd(long[] d, long[] a, int at, int order) {
    long low = a[at];
    long high = a[at + 1];
    d[at] = doubleword(low, high, order) | doubleword(low, high, order >>> 2) << 32;
    d[at + 1] = doubleword(low, high, order >>> 4) | doubleword(low, high, order >>> 6) << 32;
  }

  /// Doubleword `index & 3` of `high:low`, zero-extended.
  static long doubleword(long low, long high, long index) {
    long half = (index & 2) == 0 ? low : high;
    return half >>> 32 * (index & 1) & 0xFFFF_FFFFL;
  }

  public static void pshuflw(long[] d, long[] a, int at, int order) {
    d[at] = PackedLanes.shuffleWords(a[at], order);
    d[at + 1] = a[at + 1];
  }

  public static void pshufhw(long[] d, long[] a, int at, int order) {
    d[at] = a[at];
    d[at + 1] = PackedLanes.shuffleWords(a[at + 1], order);
  }

  /// The low half comes from `a`, the high half from `b`.
  public static void shufps(long[] d, long[] a, long[] b, int at, int order) {
    d[at] = doubleword(a[at], a[at + 1], order) | doubleword(a[at], a[at + 1], order >>> 2) << 32;
    d[at + 1] =
        doubleword(b[at], b[at + 1], order >>> 4) | doubleword(b[at], b[at + 1], order >>> 6) << 32;
  }

  /// Two bits of `order` for each 128 bits.
  public static void shufpd(long[] d, long[] a, long[] b, int at, int order) {
    d[at] = a[at + (order >>> at & 1)];
    d[at + 1] = b[at + (order >>> at + 1 & 1)];
  }

  /// `b` holds the word.
  public static void pinsrw(long[] d, long[] a, long[] b, int at, int index) {
    d[at] = a[at];
    d[at + 1] = a[at + 1];
    int half = at + (index >>> 2 & 1);
    d[half] = PackedLanes.insertWord(a[half], b[at], index);
  }

  public static void psrldq(long[] d, long[] a, int at, int bytes) {
    int bits = 8 * Math.min(bytes, 16);
    // Counts out of 0 to 63 shift everything out, so that one of the two parts of the low half
    // vanishes.
    long carried = bits < 64 ? left(a[at + 1], 64 - bits) : right(a[at + 1], bits - 64);
    d[at] = right(a[at], bits) | carried;
    d[at + 1] = right(a[at + 1], bits);
  }

  public static void pslldq(long[] d, long[] a, int at, int bytes) {
    int bits = 8 * Math.min(bytes, 16);
    long carried = bits < 64 ? right(a[at], 64 - bits) : left(a[at], bits - 64);
    d[at] = left(a[at], bits);
    d[at + 1] = left(a[at + 1], bits) | carried;
  }

  private static long right(long a, int bits) {
    return SseInteger.psrlq(a, bits);
  }

  private static long left(long a, int bits) {
    return SseInteger.psllq(a, bits);
  }

  /// To a general register.
  public static void pextrw(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    long lane = c.fpu.xmm[2 * i.register1 + (int) (i.immediate >>> 2 & 1)];
    c.gpr[i.register0] = lane >>> 16 * (i.immediate & 3) & 0xFFFF;
  }

  public static void pmovmskb(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    long signs = PackedLanes.byteSigns(c.fpu.xmm[2 * i.register1]);
    signs |= PackedLanes.byteSigns(c.fpu.xmm[2 * i.register1 + 1]) << 8;
    if (Operands.bytes(i.operand1) == 32) {
      signs |= PackedLanes.byteSigns(c.fpu.ymmHigh[2 * i.register1]) << 16;
      signs |= PackedLanes.byteSigns(c.fpu.ymmHigh[2 * i.register1 + 1]) << 24;
    }
    c.gpr[i.register0] = signs;
  }
}
