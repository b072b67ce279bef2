package dev.backstep.emulator.floating;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class FloatComparisonTest {
  private static final long NAN = Double.doubleToRawLongBits(Double.NaN);
  private static final long SNAN = 0xFFF0_0000_0000_0001L;

  private final FloatEnvironment e = new FloatEnvironment();

  /// SDM Vol. 2 "CMPPD", table "Comparison Predicate for CMPPD and CMPPS Instructions": whether it
  /// holds for A > B, A < B, A = B and unordered operands, and whether a QNaN is invalid.
  private static final String[] PREDICATES = {
    "FFTF quiet", "FTFF signal", "FTTF signal", "FFFT quiet",
    "TTFT quiet", "TFTT signal", "TFFT signal", "TTTF quiet",
    "FFTT quiet", "FTFT signal", "FTTT signal", "FFFF quiet",
    "TTFF quiet", "TFTF signal", "TFFF signal", "TTTT quiet"
  };

  @Test
  void knowsAllPredicates() {
    for (int predicate = 0; predicate < 32; predicate++) {
      String expected = PREDICATES[predicate & 15];
      boolean signals = expected.endsWith("signal") == predicate < 16;
      String held =
          holds(2, 1, predicate)
              + holds(1, 2, predicate)
              + holds(1, 1, predicate)
              + (FloatComparison.holds(
                      FloatFormat.DOUBLE, e, NAN, Double.doubleToRawLongBits(1), predicate)
                  ? "T"
                  : "F");
      assertEquals(expected.substring(0, 4), held, "predicate " + predicate);
      e.begin(0x1F80);
      FloatComparison.holds(FloatFormat.DOUBLE, e, 0, NAN, predicate);
      assertEquals(signals ? FloatEnvironment.INVALID : 0, e.flags, "predicate " + predicate);
      e.begin(0x1F80);
      FloatComparison.holds(FloatFormat.DOUBLE, e, 0, SNAN, predicate);
      assertEquals(FloatEnvironment.INVALID, e.flags, "predicate " + predicate);
    }
  }

  private String holds(double a, double b, int predicate) {
    long x = Double.doubleToRawLongBits(a);
    long y = Double.doubleToRawLongBits(b);
    return FloatComparison.holds(FloatFormat.DOUBLE, e, x, y, predicate) ? "T" : "F";
  }

  @Test
  void ordersNumbersOfEitherSign() {
    double[] ascending = {
      Double.NEGATIVE_INFINITY, -1e300, -1, -Double.MIN_VALUE, 0, Double.MIN_VALUE, 1, 1e300
    };
    for (int k = 1; k < ascending.length; k++) {
      long a = Double.doubleToRawLongBits(ascending[k - 1]);
      long b = Double.doubleToRawLongBits(ascending[k]);
      assertEquals(FloatComparison.LESS, FloatComparison.compare(FloatFormat.DOUBLE, e, a, b));
      assertEquals(FloatComparison.GREATER, FloatComparison.compare(FloatFormat.DOUBLE, e, b, a));
    }
    assertEquals(
        FloatComparison.EQUAL,
        FloatComparison.compare(FloatFormat.DOUBLE, e, Double.doubleToRawLongBits(-0.0), 0));
  }

  @Test
  void denormalOperandsAreEqualToZeroWithDaz() {
    e.begin(0x1F80);
    assertEquals(FloatComparison.LESS, FloatComparison.compare(FloatFormat.DOUBLE, e, 0, 1));
    assertEquals(FloatEnvironment.DENORMAL, e.flags);
    e.begin(0x1FC0);
    assertEquals(FloatComparison.EQUAL, FloatComparison.compare(FloatFormat.DOUBLE, e, 0, 1));
    assertEquals(0, e.flags);
  }
}
