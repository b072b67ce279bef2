package dev.backstep.emulator.isa;

/// SSSE3 instructions whose MMX form is no lane of their XMM form. SDM Vol. 2 "PHADDW/PHADDD",
/// "PSHUFB", "PALIGNR".
public final class Ssse3Mmx {
  private Ssse3Mmx() {}

  public static long phaddw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      result |= (even(a, b, k) + odd(a, b, k) & 0xFFFFL) << 16 * k;
    }
    return result;
  }

  public static long phaddsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      result |= saturated(even(a, b, k) + odd(a, b, k)) << 16 * k;
    }
    return result;
  }

  public static long phaddd(long a, long b) {
    return a + (a >>> 32) & Registers.LOW_32 | b + (b >>> 32) << 32;
  }

  public static long phsubw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      result |= (even(a, b, k) - odd(a, b, k) & 0xFFFFL) << 16 * k;
    }
    return result;
  }

  public static long phsubsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 4; k++) {
      result |= saturated(even(a, b, k) - odd(a, b, k)) << 16 * k;
    }
    return result;
  }

  public static long phsubd(long a, long b) {
    return a - (a >>> 32) & Registers.LOW_32 | b - (b >>> 32) << 32;
  }

  /// The lower word of pair `k` of the four pairs in `b:a`.
  private static int even(long a, long b, int k) {
    return (short) ((k < 2 ? a : b) >>> 32 * (k & 1));
  }

  private static int odd(long a, long b, int k) {
    return (short) ((k < 2 ? a : b) >>> 32 * (k & 1) + 16);
  }

  private static long saturated(int sum) {
    return Math.clamp(sum, Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFFL;
  }

  public static long pshufb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int index = (int) (b >>> k);
      result |= (index & 0x80) != 0 ? 0 : (a >>> 8 * (index & 7) & 0xFF) << k;
    }
    return result;
  }

  /// Eight bytes of `a` above `b`, from byte `count` on.
  public static long palignr(long a, long b, int count) {
    return window(a, b, 8 * Math.min(count, 16));
  }

  /// 64 bits of `high:low` from bit `from` on, which is at most 128.
  static long window(long high, long low, int from) {
    if (from >= 64) {
      return SseInteger.psrlq(high, from - 64);
    }
    return low >>> from | SseInteger.psllq(high, 64 - from);
  }
}
