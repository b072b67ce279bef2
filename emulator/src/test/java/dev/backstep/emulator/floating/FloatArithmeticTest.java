package dev.backstep.emulator.floating;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// What the SDM says of exceptions, NaNs and rounding, by examples. SDM Vol. 1 "SIMD Floating-Point
/// Exception Conditions", "Operating on NaNs".
class FloatArithmeticTest {
  private static final int MASKED = 0x1F80;
  private static final int DAZ = 0x40;
  private static final int FTZ = 0x8000;
  private static final long QNAN = 0x7FC0_1234L;
  private static final long SNAN = 0x7F80_5678L;
  private static final long LEAST_NORMAL = 0x0080_0000L;
  private static final long LEAST_DENORMAL = 1;
  private static final long LARGEST = 0x7F7F_FFFFL;
  private static final long INFINITY = 0x7F80_0000L;
  private static final long NEGATIVE = 0x8000_0000L;

  private final FloatEnvironment e = new FloatEnvironment();

  private static long single(float value) {
    return Float.floatToRawIntBits(value) & 0xFFFF_FFFFL;
  }

  private static long real(double value) {
    return Double.doubleToRawLongBits(value);
  }

  private void begin(int mxcsr) {
    e.begin(mxcsr);
  }

  /// All exceptions masked but these.
  private void beginUnmasked(int exceptions) {
    e.begin(MASKED & ~(exceptions << 7));
  }

  private void check(long expected, int flags, long actual) {
    assertEquals(Long.toHexString(expected), Long.toHexString(actual));
    assertEquals(flags, e.reported(), "exceptions");
  }

  @Test
  void takesTheFirstNanAndMakesItQuiet() {
    begin(MASKED);
    check(QNAN, FloatEnvironment.INVALID, FloatArithmetic.add(SINGLE, e, QNAN, SNAN));
    begin(MASKED);
    check(
        SNAN | 0x0040_0000,
        FloatEnvironment.INVALID,
        FloatArithmetic.multiply(SINGLE, e, SNAN, QNAN));
    begin(MASKED);
    check(QNAN, 0, FloatArithmetic.divide(SINGLE, e, single(1), QNAN));
  }

  @Test
  void givesTheNegativeDefaultNanForInvalidOperations() {
    begin(MASKED);
    long expected = 0xFFC0_0000L;
    check(
        expected,
        FloatEnvironment.INVALID,
        FloatArithmetic.subtract(SINGLE, e, INFINITY, INFINITY));
    check(expected, FloatEnvironment.INVALID, FloatArithmetic.multiply(SINGLE, e, 0, INFINITY));
    check(expected, FloatEnvironment.INVALID, FloatArithmetic.divide(SINGLE, e, 0, NEGATIVE));
    check(expected, FloatEnvironment.INVALID, FloatArithmetic.squareRoot(SINGLE, e, single(-1)));
  }

  @Test
  void reportsDenormalOperandsUnlessSomethingMoreUrgentIsWrong() {
    begin(MASKED);
    check(INFINITY, 2, FloatArithmetic.add(SINGLE, e, LEAST_DENORMAL, INFINITY));
    begin(MASKED);
    check(QNAN, 0, FloatArithmetic.add(SINGLE, e, LEAST_DENORMAL, QNAN));
    begin(MASKED);
    check(
        INFINITY,
        FloatEnvironment.ZERO_DIVIDE,
        FloatArithmetic.divide(SINGLE, e, LEAST_DENORMAL, 0));
    begin(MASKED);
    check(
        0xFFC0_0000L,
        FloatEnvironment.INVALID,
        FloatArithmetic.squareRoot(SINGLE, e, NEGATIVE | LEAST_DENORMAL));
  }

  @Test
  void takesDenormalOperandsForZerosWithDaz() {
    begin(MASKED | DAZ);
    check(single(1), 0, FloatArithmetic.add(SINGLE, e, LEAST_DENORMAL, single(1)));
    check(
        NEGATIVE | INFINITY,
        FloatEnvironment.ZERO_DIVIDE,
        FloatArithmetic.divide(SINGLE, e, single(1), NEGATIVE | LEAST_DENORMAL));
    begin(MASKED | DAZ);
    check(NEGATIVE, 0, FloatArithmetic.squareRoot(SINGLE, e, NEGATIVE | LEAST_DENORMAL));
  }

  /// The product is below the least normal number by less than half a unit of the last place that
  /// it would have there, so that it rounds to it: it is not tiny.
  @Test
  void detectsTininessAfterRounding() {
    begin(MASKED);
    long almostOne = single(Math.nextDown(1f));
    long justAbove = LEAST_NORMAL + 1;
    // (1 + 2^-23) * (1 - 2^-24) = 1 + 2^-24 - 2^-47, in units of 2^-126: rounds to the even 1.
    check(
        LEAST_NORMAL,
        FloatEnvironment.INEXACT,
        FloatArithmetic.multiply(SINGLE, e, justAbove, almostOne));
    // 1 - 2^-24 has room without a bound of exponents: it is tiny, though it rounds to 2^-126 too.
    begin(MASKED);
    check(
        LEAST_NORMAL,
        FloatEnvironment.UNDERFLOW | FloatEnvironment.INEXACT,
        FloatArithmetic.multiply(SINGLE, e, LEAST_NORMAL, almostOne));
  }

  @Test
  void reportsUnderflowOfExactResultsOnlyIfUnmasked() {
    begin(MASKED);
    check(LEAST_NORMAL >> 1, 0, FloatArithmetic.divide(SINGLE, e, LEAST_NORMAL, single(2)));
    beginUnmasked(FloatEnvironment.UNDERFLOW);
    FloatArithmetic.divide(SINGLE, e, LEAST_NORMAL, single(2));
    assertEquals(FloatEnvironment.UNDERFLOW, e.reported());
    assertTrue(e.faults());
  }

  @Test
  void flushesTinyResultsOnlyWhileUnderflowIsMasked() {
    begin(MASKED | FTZ);
    check(
        NEGATIVE,
        FloatEnvironment.UNDERFLOW | FloatEnvironment.INEXACT,
        FloatArithmetic.divide(SINGLE, e, LEAST_NORMAL, single(-2)));
    begin((MASKED | FTZ) & ~(FloatEnvironment.UNDERFLOW << 7));
    FloatArithmetic.divide(SINGLE, e, LEAST_NORMAL, single(-2));
    assertEquals(FloatEnvironment.UNDERFLOW, e.reported());
  }

  @Test
  void overflowsToInfinityOrTheLargestNumberAsRoundingSays() {
    long[] results = {INFINITY, LARGEST, INFINITY, LARGEST};
    for (int rounding = 0; rounding < 4; rounding++) {
      begin(MASKED | rounding << 13);
      check(
          results[rounding],
          FloatEnvironment.OVERFLOW | FloatEnvironment.INEXACT,
          FloatArithmetic.add(SINGLE, e, LARGEST, LARGEST));
    }
    beginUnmasked(FloatEnvironment.OVERFLOW);
    FloatArithmetic.multiply(SINGLE, e, LARGEST, single(2));
    assertEquals(FloatEnvironment.OVERFLOW, e.reported());
  }

  @Test
  void reportsNothingOfResultsIfSomethingBeforeIsUnmasked() {
    beginUnmasked(FloatEnvironment.DENORMAL);
    FloatArithmetic.add(SINGLE, e, LEAST_DENORMAL, single(1));
    FloatArithmetic.add(SINGLE, e, single(1e30f), single(1));
    assertEquals(FloatEnvironment.DENORMAL, e.reported());
    assertTrue(e.faults());
    beginUnmasked(FloatEnvironment.INEXACT);
    FloatArithmetic.add(SINGLE, e, LEAST_DENORMAL, single(1));
    assertEquals(FloatEnvironment.DENORMAL | FloatEnvironment.INEXACT, e.reported());
  }

  @Test
  void differenceOfEqualNumbersIsNegativeZeroOnlyWhenRoundingDown() {
    for (int rounding = 0; rounding < 4; rounding++) {
      begin(MASKED | rounding << 13);
      long zero = rounding == FloatEnvironment.DOWN ? NEGATIVE : 0;
      check(zero, 0, FloatArithmetic.subtract(SINGLE, e, single(3), single(3)));
      check(zero, 0, FloatArithmetic.add(SINGLE, e, NEGATIVE, 0));
      check(NEGATIVE, 0, FloatArithmetic.add(SINGLE, e, NEGATIVE, NEGATIVE));
    }
  }

  @Test
  void roundsFusedProductsOnce() {
    begin(MASKED);
    long a = real(1 + 0x1p-52);
    check(
        real(0x1p-104),
        0,
        FloatArithmetic.fusedMultiplyAdd(DOUBLE, e, a, a, real(-1 - 0x1p-51), 0));
    check(
        real(-0x1p-104),
        0,
        FloatArithmetic.fusedMultiplyAdd(
            DOUBLE, e, a, a, real(1 + 0x1p-51), FloatArithmetic.NEGATE_PRODUCT));
  }

  @Test
  void fusedOperationsKeepTheSignsOfNans() {
    begin(MASKED);
    long quiet = 0x7FF8_0000_0000_0042L;
    check(
        quiet,
        0,
        FloatArithmetic.fusedMultiplyAdd(
            DOUBLE,
            e,
            real(1),
            real(0),
            quiet,
            FloatArithmetic.NEGATE_PRODUCT | FloatArithmetic.NEGATE_ADDEND));
    // SDM Vol. 1 "FMA Instruction Operand Order and Arithmetic Behavior": a NaN addend goes before
    // an invalid product.
    check(
        quiet,
        0,
        FloatArithmetic.fusedMultiplyAdd(
            DOUBLE, e, real(0), real(Double.POSITIVE_INFINITY), quiet, 0));
  }

  @Test
  void minimumAndMaximumPreferTheSecondOperand() {
    begin(MASKED);
    check(NEGATIVE, 0, FloatArithmetic.minimum(SINGLE, e, 0, NEGATIVE));
    check(0, 0, FloatArithmetic.minimum(SINGLE, e, NEGATIVE, 0));
    check(0, 0, FloatArithmetic.maximum(SINGLE, e, NEGATIVE, 0));
    check(single(1), FloatEnvironment.INVALID, FloatArithmetic.maximum(SINGLE, e, QNAN, single(1)));
    begin(MASKED);
    check(SNAN, FloatEnvironment.INVALID, FloatArithmetic.minimum(SINGLE, e, single(1), SNAN));
  }

  @Test
  void startsEachInstructionWithoutExceptions() {
    begin(MASKED | 0x3F);
    assertEquals(0, e.reported());
    assertFalse(e.faults());
  }
}
