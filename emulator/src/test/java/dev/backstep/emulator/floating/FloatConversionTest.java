package dev.backstep.emulator.floating;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.HALF;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// SDM Vol. 2 "CVTSD2SI", "ROUNDSD", "VCVTPH2PS", "VCVTPS2PH", "RCPPS".
class FloatConversionTest {
  private static final int MASKED = 0x1F80;
  private static final long INDEFINITE_32 = 0x8000_0000L;

  private final FloatEnvironment e = new FloatEnvironment();

  private static long real(double value) {
    return Double.doubleToRawLongBits(value);
  }

  private long toInt(double value, int rounding) {
    e.begin(MASKED);
    return FloatConversion.toInteger(DOUBLE, e, real(value), 32, rounding);
  }

  @Test
  void roundsToIntegersInEachDirection() {
    double[] values = {2.5, 3.5, -2.5, 2.25, -0.75};
    long[][] rounded = {{2, 2, 3, 2}, {4, 3, 4, 3}, {-2, -3, -2, -2}, {2, 2, 3, 2}, {-1, -1, 0, 0}};
    for (int k = 0; k < values.length; k++) {
      for (int rounding = 0; rounding < 4; rounding++) {
        assertEquals((int) rounded[k][rounding], (int) toInt(values[k], rounding));
        assertEquals(FloatEnvironment.INEXACT, e.flags);
      }
    }
  }

  @Test
  void givesTheIndefiniteIntegerForWhatDoesNotFit() {
    for (double value : new double[] {0x1p31, -0x1p31 - 1, Double.NaN, 1e300}) {
      assertEquals(INDEFINITE_32, toInt(value, FloatEnvironment.NEAREST));
      assertEquals(FloatEnvironment.INVALID, e.flags);
    }
    assertEquals(INDEFINITE_32, toInt(-0x1p31, FloatEnvironment.NEAREST));
    assertEquals(0, e.flags);
    assertEquals(0x7FFF_FFFFL, toInt(0x1p31 - 0.75, FloatEnvironment.TRUNCATE));
    assertEquals(INDEFINITE_32, toInt(0x1p31 - 0.25, FloatEnvironment.UP));
    assertEquals(FloatEnvironment.INVALID, e.flags);
  }

  @Test
  void convertsTheLeastLong() {
    e.begin(MASKED);
    assertEquals(real(-0x1p63), FloatConversion.fromInteger(DOUBLE, e, Long.MIN_VALUE));
    assertEquals(0, e.flags);
    assertEquals(real(0x1p63), FloatConversion.fromInteger(DOUBLE, e, Long.MAX_VALUE));
    assertEquals(FloatEnvironment.INEXACT, e.flags);
  }

  @Test
  void roundingToIntegralKeepsTheSignAndMayKeepSilent() {
    e.begin(MASKED);
    int inexact = FloatEnvironment.INEXACT;
    assertEquals(
        real(-0.0),
        FloatConversion.toIntegral(DOUBLE, e, real(-0.25), FloatEnvironment.NEAREST, 0));
    assertEquals(0, e.flags);
    assertEquals(
        real(-1),
        FloatConversion.toIntegral(DOUBLE, e, real(-0.25), FloatEnvironment.DOWN, inexact));
    assertEquals(inexact, e.flags);
    assertEquals(
        real(0x1p60),
        FloatConversion.toIntegral(DOUBLE, e, real(0x1p60), FloatEnvironment.UP, inexact));
  }

  @Test
  void narrowedNansKeepTheTopOfTheirFraction() {
    e.begin(MASKED);
    assertEquals(0xFFD5_5555L, FloatConversion.convert(DOUBLE, SINGLE, e, 0xFFFA_AAAA_AAAA_AAAAL));
    assertEquals(0, e.flags);
    assertEquals(0x7FFC_0000_0000_0000L, FloatConversion.convert(SINGLE, DOUBLE, e, 0x7FA0_0000L));
    assertEquals(FloatEnvironment.INVALID, e.flags);
  }

  @Test
  void halvesKeepDenormalsWhateverDazAndFtzSay() {
    e.begin(MASKED | 0x40);
    assertEquals(
        Float.floatToRawIntBits(0x1p-24f), (int) FloatConversion.convertHalfToSingle(e, 1));
    assertEquals(0, e.flags);
    assertEquals(1, FloatConversion.convert(SINGLE, HALF, e, Float.floatToRawIntBits(0x1p-24f)));
    assertEquals(0, e.flags);
  }

  @Test
  void roundTripsAllHalves() {
    for (long half = 0; half < 0x1_0000; half++) {
      e.begin(MASKED);
      long single = FloatConversion.convertHalfToSingle(e, half);
      boolean signalling = HALF.isSignalling(half);
      assertEquals(
          signalling ? half | 0x200 : half, FloatConversion.convert(SINGLE, HALF, e, single));
      assertEquals(signalling ? FloatEnvironment.INVALID : 0, e.flags);
    }
  }

  @Test
  void estimatesAreWithinTheirBound() {
    double bound = 1.5 * 0x1p-12;
    for (int bits = 0x3F80_0000; bits < 0x4080_0000; bits += 0x3FD) {
      double x = Float.intBitsToFloat(bits);
      double reciprocal = Float.intBitsToFloat((int) FloatEstimate.reciprocal(bits));
      double root = Float.intBitsToFloat((int) FloatEstimate.reciprocalSquareRoot(bits));
      assertTrue(Math.abs(reciprocal * x - 1) <= bound, () -> "reciprocal of " + x);
      assertTrue(Math.abs(root * Math.sqrt(x) - 1) <= bound, () -> "root of " + x);
    }
  }

  @Test
  void estimatesOfSpecialNumbers() {
    assertEquals(0xFF80_0000L, FloatEstimate.reciprocal(0x8000_0001L));
    assertEquals(0x8000_0000L, FloatEstimate.reciprocal(0xFF80_0000L));
    assertEquals(0, FloatEstimate.reciprocal(0x7F00_0000L));
    assertEquals(0xFFC0_0000L, FloatEstimate.reciprocalSquareRoot(0xBF80_0000L));
    assertEquals(0xFF80_0000L, FloatEstimate.reciprocalSquareRoot(0x8000_0000L));
    assertEquals(0x7FC0_0001L, FloatEstimate.reciprocal(0x7F80_0001L));
  }
}
