package dev.backstep.emulator.floating;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/// Transcendental functions to 70 digits, in decimal and by other ways than those of the emulator:
/// the reference for its accuracy.
final class BigFunctions {
  static final MathContext DIGITS = new MathContext(70);
  private static final BigDecimal TWO = BigDecimal.TWO;
  private static final BigDecimal NEGLIGIBLE = BigDecimal.ONE.movePointLeft(75);
  static final BigDecimal PI = machin();
  static final BigDecimal LN_2 = twoArtanh(BigDecimal.ONE.divide(BigDecimal.valueOf(3), DIGITS));

  private BigFunctions() {}

  /// pi = 16 arctan(1/5) - 4 arctan(1/239)
  private static BigDecimal machin() {
    BigDecimal fifth = BigDecimal.ONE.divide(BigDecimal.valueOf(5), DIGITS);
    BigDecimal small = BigDecimal.ONE.divide(BigDecimal.valueOf(239), DIGITS);
    return arctanSeries(fifth)
        .multiply(BigDecimal.valueOf(16))
        .subtract(arctanSeries(small).multiply(BigDecimal.valueOf(4)), DIGITS);
  }

  private static BigDecimal arctanSeries(BigDecimal z) {
    return oddSeries(z, -1);
  }

  private static BigDecimal twoArtanh(BigDecimal z) {
    return oddSeries(z, 1).multiply(TWO);
  }

  /// z + sign z³/3 + z⁵/5 ...
  private static BigDecimal oddSeries(BigDecimal z, int sign) {
    BigDecimal square = z.multiply(z, DIGITS).multiply(BigDecimal.valueOf(sign));
    BigDecimal power = z;
    BigDecimal sum = z;
    for (int k = 3; isLarge(power, sum); k += 2) {
      power = power.multiply(square, DIGITS);
      sum = sum.add(power.divide(BigDecimal.valueOf(k), DIGITS), DIGITS);
    }
    return sum;
  }

  private static boolean isLarge(BigDecimal term, BigDecimal sum) {
    return term.abs().compareTo(sum.abs().multiply(NEGLIGIBLE)) > 0;
  }

  /// arctan, after three halvings of the angle.
  static BigDecimal arctan(BigDecimal x) {
    BigDecimal t = x;
    for (int k = 0; k < 3; k++) {
      BigDecimal root = t.multiply(t).add(BigDecimal.ONE).sqrt(DIGITS);
      t = t.divide(root.add(BigDecimal.ONE), DIGITS);
    }
    return arctanSeries(t).multiply(BigDecimal.valueOf(8));
  }

  /// sin, from its series at 0.
  static BigDecimal sin(BigDecimal x) {
    return alternating(x, x, 2);
  }

  static BigDecimal cos(BigDecimal x) {
    return alternating(BigDecimal.ONE, x, 1);
  }

  private static BigDecimal alternating(BigDecimal first, BigDecimal x, int next) {
    BigDecimal square = x.multiply(x, DIGITS).negate();
    BigDecimal term = first;
    BigDecimal sum = first;
    for (int k = next; isLarge(term, sum); k += 2) {
      term = term.multiply(square, DIGITS).divide(BigDecimal.valueOf((long) k * (k + 1)), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    return sum;
  }

  /// e^x - 1
  static BigDecimal expMinus1(BigDecimal x) {
    BigDecimal term = x;
    BigDecimal sum = x;
    for (int k = 2; isLarge(term, sum); k++) {
      term = term.multiply(x, DIGITS).divide(BigDecimal.valueOf(k), DIGITS);
      sum = sum.add(term, DIGITS);
    }
    return sum;
  }

  /// ln(1 + x), for x between -1/2 and 1.
  static BigDecimal ln1Plus(BigDecimal x) {
    return twoArtanh(x.divide(x.add(TWO), DIGITS));
  }

  /// 2^exponent, exactly.
  static BigDecimal powerOfTwo(int exponent) {
    BigDecimal power = new BigDecimal(BigInteger.ONE.shiftLeft(Math.abs(exponent)));
    return exponent < 0 ? BigDecimal.ONE.divide(power, new MathContext(90)) : power;
  }

  /// A finite x87 register's value.
  static BigDecimal valueOf(long significand, int signExponent) {
    BigDecimal magnitude = new BigDecimal(new BigInteger(Long.toUnsignedString(significand)));
    int exponent = Math.max(signExponent & 0x7FFF, 1) - 16383 - 63;
    BigDecimal value = magnitude.multiply(powerOfTwo(exponent));
    return (signExponent & 0x8000) != 0 ? value.negate() : value;
  }
}
