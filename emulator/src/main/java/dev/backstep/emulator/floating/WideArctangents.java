package dev.backstep.emulator.floating;

/// arctan(k/8) for k from 0 to 8.
final class WideArctangents {
  private static final int COUNT = 9;
  private static final int TERMS = 26;
  private static final int[] EXPONENTS = new int[COUNT];
  private static final long[] HIGHS = new long[COUNT];
  private static final long[] LOWS = new long[COUNT];

  static {
    tabulate();
  }

  private WideArctangents() {}

  /// By arctan(k/8) - arctan((k-1)/8) = arctan(8 / (64 + k(k-1))).
  private static void tabulate() {
    WideNumber sum = new WideNumber();
    WideNumber z = new WideNumber();
    WideNumber other = new WideNumber();
    WideNumber series = new WideNumber();
    for (int k = 1; k < COUNT; k++) {
      z.set(8).divide(other.set(64 + k * (k - 1)));
      other.set(z).multiply(z).negate();
      sum.add(z.multiply(WideSeries.ARCTANGENT.sum(series, other, TERMS)));
      EXPONENTS[k] = sum.exponent;
      HIGHS[k] = sum.high;
      LOWS[k] = sum.low;
    }
  }

  /// Adds arctan(`eighths`/8).
  static void add(WideNumber to, int eighths) {
    to.add(false, EXPONENTS[eighths], HIGHS[eighths], LOWS[eighths]);
  }
}
