package dev.backstep.emulator.isa;

/// Multiplication of polynomials over GF(2), on one 128-bit lane. SDM Vol. 2 "PCLMULQDQ".
public final class CarryLessMultiply {
  /// Bit of the immediate that takes the high quadword of the first source.
  private static final int HIGH_OF_FIRST = 1;

  private static final int HIGH_OF_SECOND = 1 << 4;

  private CarryLessMultiply() {}

  /// `d = a * b`, of one quadword of each.
  public static void pclmulqdq(long[] d, long[] a, long[] b, int at, int choice) {
    long x = a[at + ((choice & HIGH_OF_FIRST) != 0 ? 1 : 0)];
    long y = b[at + ((choice & HIGH_OF_SECOND) != 0 ? 1 : 0)];
    long low = 0;
    long high = 0;
    for (int k = 0; k < 64; k++) {
      long all = -(y >>> k & 1);
      low ^= x << k & all;
      // Two shifts: one by 64 - 0 would be none.
      high ^= x >>> 1 >>> 63 - k & all;
    }
    d[at] = low;
    d[at + 1] = high;
  }
}
