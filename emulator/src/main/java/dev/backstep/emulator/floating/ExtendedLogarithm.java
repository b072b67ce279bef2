package dev.backstep.emulator.floating;

/// Logarithms and powers of two. SDM Vol. 2 "FYL2X", "FYL2XP1", "F2XM1".
///
/// Results are computed to more than 120 bits and rounded once: to nearest they are within 0.51 ulp
/// of the true value. Precision control does not apply.
public final class ExtendedLogarithm {
  private static final WideNumber LN_2 =
      new WideNumber(-1, 0xB172_17F7_D1CF_79ABL, 0xC9E3_B398_03F2_F6AFL);
  private static final WideNumber TWO_BY_LN_2 =
      new WideNumber(1, 0xB8AA_3B29_5C17_F0BBL, 0xBE87_FED0_691D_3E88L);
  private static final long SQRT_2 = 0xB504_F333_F9DE_6484L;
  private static final int EXPONENTIAL_TERMS = 30;
  private static final int LOGARITHM_TERMS = 26;

  private ExtendedLogarithm() {}

  /// b * log2(a)
  public static void yLog2X(ExtendedUnit u) {
    if (u.settledByNans()) {
      return;
    }
    ExtendedNumber x = u.a;
    ExtendedNumber y = u.b;
    boolean zeroX = x.kind == ExtendedNumber.ZERO;
    boolean one = isOne(x);
    boolean zeroY = y.kind == ExtendedNumber.ZERO;
    boolean infiniteY = y.kind == ExtendedNumber.INFINITY;
    boolean infiniteX = x.kind == ExtendedNumber.INFINITY;
    if (x.negative && !zeroX || zeroY && (zeroX || infiniteX) || one && infiniteY) {
      u.invalid();
      return;
    }
    if (zeroX && !infiniteY) {
      u.environment.raise(FloatEnvironment.ZERO_DIVIDE);
    } else {
      u.noteDenormals();
    }
    if (u.stopped()) {
      return;
    }
    boolean negative = y.negative != (zeroX || !infiniteX && x.exponent < 0);
    if (zeroX || infiniteX || infiniteY) {
      u.result.putInfinity(negative);
    } else if (zeroY || one) {
      u.result.putZero(negative);
    } else {
      log2(u, u.wide.set(false, 0, x.normal, 0), x.exponent);
      boolean power = x.normal == ExtendedNumber.INTEGER_BIT;
      u.environment.raise(FloatEnvironment.INEXACT); // Of powers of 2, too: a Zen 4 does so.
      finish(u, u.wide.multiply(u.wide1.set(y)), !power);
    }
  }

  private static boolean isOne(ExtendedNumber n) {
    return n.kind == ExtendedNumber.FINITE
        && n.exponent == 0
        && n.normal == ExtendedNumber.INTEGER_BIT;
  }

  /// Makes `m`, which is in [1, 2), `exponent` + log2(m). With z = (m - 1) / (m + 1), ln(m) is 2
  /// artanh(z); m is first brought between sqrt(1/2) and sqrt(2).
  private static void log2(ExtendedUnit u, WideNumber m, int exponent) {
    boolean halve = Long.compareUnsigned(m.high, SQRT_2) > 0;
    int whole = halve ? exponent + 1 : exponent;
    m.exponent = halve ? -1 : 0;
    WideNumber above = u.wide1.set(m).add(u.wide3.set(1));
    m.subtract(u.wide3).divide(above);
    twoArtanhByLn2(u, m);
    m.add(u.wide3.set(whole));
  }

  /// Makes `z` 2 artanh(z) / ln(2).
  private static void twoArtanhByLn2(ExtendedUnit u, WideNumber z) {
    WideNumber square = u.wide1.set(z).multiply(z);
    WideSeries.ARCTANGENT.sum(u.wide2, square, LOGARITHM_TERMS);
    z.multiply(u.wide2).multiply(TWO_BY_LN_2);
  }

  /// b * log2(a + 1)
  public static void yLog2XPlus1(ExtendedUnit u) {
    if (u.settledByNans()) {
      return;
    }
    ExtendedNumber x = u.a;
    ExtendedNumber y = u.b;
    boolean zeroX = x.kind == ExtendedNumber.ZERO;
    boolean zeroY = y.kind == ExtendedNumber.ZERO;
    boolean infiniteX = x.kind == ExtendedNumber.INFINITY;
    boolean infiniteY = y.kind == ExtendedNumber.INFINITY;
    if (infiniteX && (zeroY || x.negative) || infiniteY && zeroX) {
      u.invalid();
      return;
    }
    u.noteDenormals();
    if (u.stopped()) {
      return;
    }
    boolean negative = x.negative != y.negative;
    if (infiniteX || infiniteY) {
      u.result.putInfinity(negative);
    } else if (zeroX || zeroY) {
      u.result.putZero(negative);
    } else if (x.negative && x.exponent >= 0) {
      u.environment.raise(FloatEnvironment.INEXACT);
      u.result.put(x.significand, x.signExponent);
    } else {
      log2Plus1(u, x);
      finish(u, u.wide.multiply(u.wide1.set(y)), true);
    }
  }

  /// With z = x / (x + 2), ln(1 + x) is 2 artanh(z): exact to the last bit for small x. The manual
  /// leaves results undefined beyond 1 - sqrt(1/2); they are the function's there, too.
  private static void log2Plus1(ExtendedUnit u, ExtendedNumber x) {
    if (x.exponent < -1) {
      WideNumber above = u.wide1.set(2).add(u.wide3.set(x));
      twoArtanhByLn2(u, u.wide.set(x).divide(above));
      return;
    }
    WideNumber sum = u.wide.set(1).add(u.wide1.set(x));
    int exponent = sum.exponent;
    sum.exponent = 0;
    log2(u, sum, exponent);
  }

  /// 2^a - 1. Beyond [-1, 1] the manual leaves the result undefined: it is a.
  public static void twoToXMinus1(ExtendedUnit u) {
    if (u.settledByNan()) {
      return;
    }
    u.noteDenormal();
    if (u.stopped()) {
      return;
    }
    ExtendedNumber x = u.a;
    if (x.kind == ExtendedNumber.INFINITY) {
      if (x.negative) {
        u.result.put(ExtendedNumber.INTEGER_BIT, ExtendedNumber.SIGN | ExtendedNumber.BIAS);
      } else {
        u.result.putInfinity(false);
      }
      return;
    }
    if (x.kind == ExtendedNumber.ZERO || x.exponent >= 0) {
      boolean one = isOne(x);
      // Of 1 and -1, too, though those are exact: a Zen 4 does so.
      if (x.kind == ExtendedNumber.FINITE) {
        u.environment.raise(FloatEnvironment.INEXACT);
      }
      u.result.put(x.significand, one && x.negative ? x.signExponent - 1 : x.signExponent);
      return;
    }
    WideNumber y = u.wide.set(x).multiply(LN_2);
    WideSeries.EXPONENTIAL.sum(u.wide1, y, EXPONENTIAL_TERMS);
    finish(u, y.multiply(u.wide1), true);
  }

  /// Rounds a result; `irrational` if it cannot be exact.
  private static void finish(ExtendedUnit u, WideNumber result, boolean irrational) {
    FloatEnvironment e = u.environment;
    e.negative = result.negative;
    e.exponent = result.exponent;
    e.high = result.high;
    e.low = irrational ? result.low | 1 : result.low;
    ExtendedRounding.round(u, 64);
  }
}
