package dev.backstep.emulator.floating;

/// A power series with positive coefficients that fall, cut off where it no longer counts.
final class WideSeries {
  private static final int TERMS = 32;

  /// 1 + y/2! + y²/3! + ...: (e^y - 1) / y
  static final WideSeries EXPONENTIAL = factorials(2, 1);

  /// 1 + y/3! + y²/5! + ...: of -r², sin(r) / r
  static final WideSeries SINE = factorials(2, 2);

  /// 1 + y/2! + y²/4! + ...: of -r², cos(r)
  static final WideSeries COSINE = factorials(1, 2);

  /// 1 + y/3 + y²/5 + ...: of z², artanh(z) / z; of -z², arctan(z) / z
  static final WideSeries ARCTANGENT = oddReciprocals();

  private final int[] exponents = new int[TERMS];
  private final long[] highs = new long[TERMS];
  private final long[] lows = new long[TERMS];

  private WideSeries() {}

  private void put(int k, WideNumber coefficient) {
    exponents[k] = coefficient.exponent;
    highs[k] = coefficient.high;
    lows[k] = coefficient.low;
  }

  /// Each coefficient is the one before divided by the next `step` numbers from `first` on.
  private static WideSeries factorials(int first, int step) {
    WideSeries series = new WideSeries();
    WideNumber coefficient = new WideNumber().set(1);
    WideNumber divisor = new WideNumber();
    int next = first;
    for (int k = 0; k < TERMS; k++) {
      series.put(k, coefficient);
      for (int s = 0; s < step; s++) {
        coefficient.divide(divisor.set(next++));
      }
    }
    return series;
  }

  private static WideSeries oddReciprocals() {
    WideSeries series = new WideSeries();
    WideNumber divisor = new WideNumber();
    for (int k = 0; k < TERMS; k++) {
      series.put(k, new WideNumber().set(1).divide(divisor.set(2 * k + 1)));
    }
    return series;
  }

  /// Makes `sum` the sum for `y`, of which the first `terms` count.
  WideNumber sum(WideNumber sum, WideNumber y, int terms) {
    int last = terms - 1;
    sum.set(false, exponents[last], highs[last], lows[last]);
    for (int k = last - 1; k >= 0; k--) {
      sum.multiply(y).add(false, exponents[k], highs[k], lows[k]);
    }
    return sum;
  }
}
