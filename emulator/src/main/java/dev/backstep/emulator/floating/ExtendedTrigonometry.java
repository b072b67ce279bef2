package dev.backstep.emulator.floating;

/// Sines, cosines, tangents and arctangents. SDM Vol. 2 "FSIN", "FCOS", "FSINCOS", "FPTAN",
/// "FPATAN".
///
/// Arguments are reduced by multiples of pi/2 with the 66-bit pi that the manual gives (Vol. 1
/// "Approximation of Pi"), exactly; AMD's processors use the same. From there on results are
/// computed to more than 120 bits and rounded once. Precision control does not apply.
public final class ExtendedTrigonometry {
  /// From 2^63 on, arguments are out of range.
  private static final int RANGE_EXPONENT = 63;

  /// pi/2 * 2^67, with the 66-bit pi: a 68-bit integer.
  private static final long PI_HIGH = 0xC;

  private static final long PI_LOW = 0x90FD_AA22_168C_234CL;
  private static final int PI_SCALE = 67;

  /// pi/4, cut off.
  private static final long QUARTER_PI = 0xC90F_DAA2_2168_C234L;

  private static final WideNumber PI =
      new WideNumber(1, 0xC90F_DAA2_2168_C234L, 0xC4C6_628B_80DC_1CD1L);
  private static final WideNumber HALF_PI =
      new WideNumber(0, 0xC90F_DAA2_2168_C234L, 0xC4C6_628B_80DC_1CD1L);
  private static final int SINE_TERMS = 17;
  private static final int ARCTANGENT_TERMS = 17;

  /// For arguments below 2^-40 the next term of a series may be too small to show.
  private static final int SMALL = -40;

  private ExtendedTrigonometry() {}

  /// Whether a is a number too large to be reduced.
  public static boolean isOutOfRange(ExtendedNumber a) {
    return a.kind == ExtendedNumber.FINITE && a.exponent >= RANGE_EXPONENT;
  }

  /// sin(a)
  public static void sine(ExtendedUnit u) {
    if (begin(u)) {
      return;
    }
    if (u.a.kind == ExtendedNumber.ZERO) {
      u.result.put(u.a.significand, u.a.signExponent);
      return;
    }
    finishSine(u, reduce(u));
  }

  /// cos(a)
  public static void cosine(ExtendedUnit u) {
    if (begin(u)) {
      return;
    }
    if (u.a.kind == ExtendedNumber.ZERO) {
      putOne(u.result);
      return;
    }
    finishSine(u, reduce(u) + 1);
  }

  /// sin(a), and cos(a) as `second`. Exceptions are those of both.
  public static void sineAndCosine(ExtendedUnit u) {
    if (begin(u)) {
      u.second.put(u.result.significand, u.result.signExponent);
      return;
    }
    if (u.a.kind == ExtendedNumber.ZERO) {
      u.result.put(u.a.significand, u.a.signExponent);
      putOne(u.second);
      return;
    }
    int quadrant = reduce(u);
    finishSine(u, quadrant + 1);
    u.second.put(u.result.significand, u.result.signExponent);
    finishSine(u, quadrant);
  }

  /// tan(a), and 1 as `second`.
  public static void tangentAndOne(ExtendedUnit u) {
    if (begin(u)) {
      u.second.put(u.result.significand, u.result.signExponent);
      return;
    }
    putOne(u.second);
    if (u.a.kind == ExtendedNumber.ZERO) {
      u.result.put(u.a.significand, u.a.signExponent);
      return;
    }
    boolean odd = (reduce(u) & 1) != 0;
    WideNumber r = u.wide;
    WideNumber square = u.wide1.set(r).multiply(r).negate();
    WideSeries.COSINE.sum(u.wide2, square, SINE_TERMS);
    WideSeries.SINE.sum(u.wide3, square, SINE_TERMS);
    u.wide3.multiply(r);
    WideNumber tangent = odd ? u.wide2.divide(u.wide3).negate() : u.wide3.divide(u.wide2);
    // tan(r) is larger than r, cot(r) is less than 1/r.
    finish(u, odd && r.exponent < SMALL ? tangent.reduce() : tangent);
  }

  /// Deals with all but zeros and finite numbers in range.
  private static boolean begin(ExtendedUnit u) {
    if (u.settledByNan()) {
      return true;
    }
    if (u.a.kind == ExtendedNumber.INFINITY) {
      u.invalid();
      return true;
    }
    u.noteDenormal();
    return u.stopped();
  }

  private static void putOne(ExtendedNumber n) {
    n.put(ExtendedNumber.INTEGER_BIT, ExtendedNumber.BIAS);
  }

  /// Makes the unit's first wide number a minus the nearest multiple of pi/2; returns that multiple
  /// (its last two bits count).
  private static int reduce(ExtendedUnit u) {
    ExtendedNumber a = u.a;
    if (a.exponent < -1 || a.exponent == -1 && Long.compareUnsigned(a.normal, QUARTER_PI) <= 0) {
      u.wide.set(a);
      return 0;
    }
    long high = 0;
    long low = a.normal;
    int quotient = 0;
    for (int k = a.exponent + PI_SCALE - 63; k > 0; k--) {
      high = high << 1 | low >>> 63;
      low <<= 1;
      quotient <<= 1;
      if (!isBelowPi(high, low)) {
        high = high - PI_HIGH - (Long.compareUnsigned(low, PI_LOW) < 0 ? 1 : 0);
        low -= PI_LOW;
        quotient |= 1;
      }
    }
    boolean above = !isBelowPi(high << 1 | low >>> 63, low << 1);
    if (above) {
      high = PI_HIGH - high - (Long.compareUnsigned(PI_LOW, low) < 0 ? 1 : 0);
      low = PI_LOW - low;
      quotient++;
    }
    WideNumber r = u.wide;
    integer(r, high, low);
    r.exponent -= PI_SCALE;
    r.negative = above != a.negative;
    return a.negative ? -quotient : quotient;
  }

  private static boolean isBelowPi(long high, long low) {
    return high < PI_HIGH || high == PI_HIGH && Long.compareUnsigned(low, PI_LOW) < 0;
  }

  /// Makes `n` the integer `high:low`, which is not zero.
  private static void integer(WideNumber n, long high, long low) {
    if (high == 0) {
      int shift = Long.numberOfLeadingZeros(low);
      n.set(false, 63 - shift, low << shift, 0);
      return;
    }
    int shift = Long.numberOfLeadingZeros(high);
    n.set(false, 127 - shift, high << shift | low >>> 64 - shift, low << shift);
  }

  /// Rounds sin(r + quadrant * pi/2), with r the unit's first wide number.
  private static void finishSine(ExtendedUnit u, int quadrant) {
    WideNumber r = u.wide;
    WideNumber square = u.wide1.set(r).multiply(r).negate();
    WideNumber result;
    if ((quadrant & 1) == 0) {
      result = WideSeries.SINE.sum(u.wide2, square, SINE_TERMS).multiply(r);
    } else {
      result = WideSeries.COSINE.sum(u.wide2, square, SINE_TERMS);
    }
    if ((quadrant & 2) != 0) {
      result.negate();
    }
    finish(u, r.exponent < SMALL ? result.reduce() : result);
  }

  /// arctan(b / a), in the quadrant of the point (a, b).
  public static void arctangent(ExtendedUnit u) {
    if (u.settledByNans()) {
      return;
    }
    u.noteDenormals();
    if (u.stopped()) {
      return;
    }
    ExtendedNumber x = u.a;
    ExtendedNumber y = u.b;
    WideNumber angle = u.wide;
    boolean zeroY = y.kind == ExtendedNumber.ZERO;
    boolean infiniteX = x.kind == ExtendedNumber.INFINITY;
    boolean infiniteY = y.kind == ExtendedNumber.INFINITY;
    if (zeroY || infiniteX && !infiniteY) {
      if (!x.negative) {
        u.result.putZero(y.negative);
        return;
      }
      angle.set(PI);
    } else if (x.kind == ExtendedNumber.ZERO || infiniteY && !infiniteX) {
      angle.set(HALF_PI);
    } else {
      finiteAngle(u, infiniteX);
    }
    angle.negative = y.negative;
    finish(u, angle);
  }

  /// Makes the unit's first wide number the angle, from 0 to pi, of (a, b), which are either finite
  /// and not zero or both infinite.
  private static void finiteAngle(ExtendedUnit u, boolean infinite) {
    ExtendedNumber x = u.a;
    ExtendedNumber y = u.b;
    WideNumber angle = u.wide;
    if (infinite) {
      angle.set(HALF_PI).exponent--;
    } else {
      boolean steep =
          y.exponent > x.exponent
              || y.exponent == x.exponent && Long.compareUnsigned(y.normal, x.normal) > 0;
      WideNumber smaller = angle.set(steep ? x : y);
      WideNumber larger = u.wide1.set(steep ? y : x);
      smaller.negative = false;
      larger.negative = false;
      flatAngle(u, smaller.divide(larger));
      if (steep) {
        angle.negate().add(HALF_PI);
      }
    }
    if (x.negative) {
      angle.negate().add(PI);
    }
  }

  /// Makes `t`, which is from 0 to 1, arctan(t) = arctan(k/8) + arctan((t - k/8) / (1 + t k/8)).
  private static void flatAngle(ExtendedUnit u, WideNumber t) {
    // t in sixteenths, rounded to eighths; much less than one is none.
    int sixteenths = t.exponent < -4 ? 0 : (int) (t.high >>> 59 - t.exponent);
    int k = sixteenths + 1 >> 1;
    if (k > 0) {
      WideNumber eighths = u.wide1.set(k);
      eighths.exponent -= 3;
      WideNumber divisor = u.wide2.set(t).multiply(eighths).add(u.wide3.set(1));
      t.subtract(eighths).divide(divisor);
    }
    boolean small = k == 0 && t.exponent < SMALL;
    WideNumber square = u.wide1.set(t).multiply(t).negate();
    t.multiply(WideSeries.ARCTANGENT.sum(u.wide2, square, ARCTANGENT_TERMS));
    if (small) {
      t.reduce();
    }
    WideArctangents.add(t, k);
  }

  /// Rounds a result, which is irrational.
  private static void finish(ExtendedUnit u, WideNumber result) {
    FloatEnvironment e = u.environment;
    e.negative = result.negative;
    e.exponent = result.exponent;
    e.high = result.high;
    e.low = result.low | 1;
    ExtendedRounding.round(u, 64);
  }
}
