package dev.backstep.emulator.floating;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/// The x87's transcendental functions against a reference of 70 digits. SDM Vol. 1 "Transcendental
/// Instruction Accuracy" wants less than 1 ulp to nearest; ours are rounded once.
class ExtendedAccuracyTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_122L);
  private static final int CASES = Integer.getInteger("backstep.test.accuracyCases", 300);
  private static final BigDecimal LIMIT = new BigDecimal("0.5000000001");
  private static final int NEAREST_ALL_MASKED = 0x37F;

  /// The pi that arguments are reduced with: 66 bits.
  private static final BigDecimal SHORT_PI =
      BigFunctions.valueOf(0xC90F_DAA2_2168_C234L, 0x4000)
          .add(BigFunctions.powerOfTwo(-64).multiply(BigDecimal.valueOf(3)));

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final ExtendedUnit unit = new ExtendedUnit(new FloatEnvironment());

  private static BigDecimal half() {
    return new BigDecimal("0.5");
  }

  private void unary(
      int lowExponent,
      int highExponent,
      Consumer<ExtendedUnit> function,
      Function<BigDecimal, BigDecimal> reference) {
    for (int k = 0; k < CASES; k++) {
      number(unit.a, lowExponent, highExponent);
      check(function, reference.apply(value(unit.a)));
    }
  }

  private void number(ExtendedNumber n, int lowExponent, int highExponent) {
    int exponent = lowExponent + random.nextInt(highExponent - lowExponent + 1);
    long significand = random.nextLong() | Long.MIN_VALUE;
    significand &= random.nextInt(4) == 0 ? -1L << random.nextInt(64) : -1L;
    n.set(significand, exponent + ExtendedNumber.BIAS | (random.nextBoolean() ? 0x8000 : 0));
  }

  private static BigDecimal value(ExtendedNumber n) {
    return BigFunctions.valueOf(n.significand, n.signExponent);
  }

  private void check(Consumer<ExtendedUnit> function, BigDecimal expected) {
    unit.environment.beginX87(NEAREST_ALL_MASKED);
    function.accept(unit);
    ExtendedNumber r = unit.result;
    BigDecimal ulp = BigFunctions.powerOfTwo((r.signExponent & 0x7FFF) - ExtendedNumber.BIAS - 63);
    BigDecimal error = value(r).subtract(expected).abs().divide(ulp, BigFunctions.DIGITS);
    assertTrue(
        error.compareTo(LIMIT) <= 0,
        () ->
            "a %x:%x b %x:%x result %x:%x: off by %s ulp"
                .formatted(
                    unit.a.signExponent,
                    unit.a.significand,
                    unit.b.signExponent,
                    unit.b.significand,
                    r.signExponent,
                    r.significand,
                    error.round(new MathContext(8))));
  }

  /// The argument's multiple of pi/2 and what is left of it, as the manual's pi has them.
  private static BigDecimal[] reduced(BigDecimal x) {
    BigDecimal halfPi = SHORT_PI.multiply(half());
    BigDecimal n = x.divide(halfPi, 0, RoundingMode.HALF_EVEN);
    return new BigDecimal[] {n, x.subtract(n.multiply(halfPi))};
  }

  private static BigDecimal sine(BigDecimal x, int quadrants) {
    BigDecimal[] parts = reduced(x);
    int quadrant = parts[0].toBigInteger().intValue() + quadrants & 3;
    BigDecimal value =
        (quadrant & 1) == 0 ? BigFunctions.sin(parts[1]) : BigFunctions.cos(parts[1]);
    return quadrant < 2 ? value : value.negate();
  }

  @Test
  void roundsSinesOnce() {
    unary(-70, 62, ExtendedTrigonometry::sine, x -> sine(x, 0));
    unary(-3, 4, ExtendedTrigonometry::sine, x -> sine(x, 0));
  }

  @Test
  void roundsCosinesOnce() {
    unary(-70, 62, ExtendedTrigonometry::cosine, x -> sine(x, 1));
    unary(-3, 4, ExtendedTrigonometry::cosine, x -> sine(x, 1));
  }

  @Test
  void roundsTangentsOnce() {
    Function<BigDecimal, BigDecimal> tangent =
        x -> sine(x, 0).divide(sine(x, 1), BigFunctions.DIGITS);
    unary(-70, 62, ExtendedTrigonometry::tangentAndOne, tangent);
    unary(-3, 4, ExtendedTrigonometry::tangentAndOne, tangent);
  }

  @Test
  void roundsPowersOfTwoOnce() {
    Function<BigDecimal, BigDecimal> power =
        x -> BigFunctions.expMinus1(x.multiply(BigFunctions.LN_2));
    unary(-70, -1, ExtendedLogarithm::twoToXMinus1, power);
    unary(-6, -1, ExtendedLogarithm::twoToXMinus1, power);
  }

  @Test
  void roundsLogarithmsOnce() {
    for (int k = 0; k < 2 * CASES; k++) {
      int spread = k < CASES ? 16000 : 1;
      number(unit.a, -spread, spread);
      unit.a.set(unit.a.significand, unit.a.signExponent & 0x7FFF);
      number(unit.b, -100, 100);
      int exponent = unit.a.exponent;
      BigDecimal fraction =
          value(unit.a).divide(BigFunctions.powerOfTwo(exponent), new MathContext(90));
      BigDecimal logarithm =
          exponent == -1
              // Close to 1 from below: the sum would cancel.
              ? BigFunctions.ln1Plus(value(unit.a).subtract(BigDecimal.ONE))
              : BigFunctions.ln1Plus(fraction.subtract(BigDecimal.ONE))
                  .add(BigFunctions.LN_2.multiply(BigDecimal.valueOf(exponent)));
      BigDecimal log2 = logarithm.divide(BigFunctions.LN_2, BigFunctions.DIGITS);
      if (log2.signum() != 0) {
        check(ExtendedLogarithm::yLog2X, log2.multiply(value(unit.b)));
      }
    }
  }

  @Test
  void roundsLogarithmsNearOneOnce() {
    for (int k = 0; k < 2 * CASES; k++) {
      number(unit.a, k < CASES ? -70 : -6, -3);
      number(unit.b, -100, 100);
      BigDecimal log2 =
          BigFunctions.ln1Plus(value(unit.a)).divide(BigFunctions.LN_2, BigFunctions.DIGITS);
      check(ExtendedLogarithm::yLog2XPlus1, log2.multiply(value(unit.b)));
    }
  }

  @Test
  void roundsArctangentsOnce() {
    for (int k = 0; k < 2 * CASES; k++) {
      int spread = k < CASES ? 100 : 2;
      number(unit.a, -spread, spread);
      number(unit.b, -spread, spread);
      BigDecimal x = value(unit.a);
      BigDecimal y = value(unit.b);
      BigDecimal angle;
      if (x.abs().compareTo(y.abs()) >= 0) {
        angle = BigFunctions.arctan(y.divide(x, BigFunctions.DIGITS));
        if (x.signum() < 0) {
          angle = angle.add(y.signum() < 0 ? BigFunctions.PI.negate() : BigFunctions.PI);
        }
      } else {
        angle = BigFunctions.PI.multiply(half());
        angle = y.signum() < 0 ? angle.negate() : angle;
        angle = angle.subtract(BigFunctions.arctan(x.divide(y, BigFunctions.DIGITS)));
      }
      check(ExtendedTrigonometry::arctangent, angle);
    }
  }

  /// Neighbouring arguments have results in the same order.
  @Test
  void isMonotonicBetweenNeighbours() {
    for (int k = 0; k < 20 * CASES; k++) {
      number(unit.a, -40, -2);
      long significand = unit.a.significand & -2;
      int exponent = unit.a.signExponent & 0x7FFF;
      BigDecimal below = sineOf(significand, exponent);
      BigDecimal above = sineOf(significand + 1, exponent);
      assertTrue(below.compareTo(above) <= 0, () -> "sine of " + significand);
    }
  }

  private BigDecimal sineOf(long significand, int exponent) {
    unit.environment.beginX87(NEAREST_ALL_MASKED);
    unit.a.set(significand, exponent);
    ExtendedTrigonometry.sine(unit);
    return value(unit.result);
  }

  @Test
  void rangeEndsAtTwoToThe63() {
    unit.a.set(Long.MIN_VALUE, ExtendedNumber.BIAS + 63);
    assertTrue(ExtendedTrigonometry.isOutOfRange(unit.a));
    unit.a.set(-1L, ExtendedNumber.BIAS + 62);
    assertFalse(ExtendedTrigonometry.isOutOfRange(unit.a));
  }
}
