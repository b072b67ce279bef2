package dev.backstep.emulator.floating;

/// Between x87 registers and integers. SDM Vol. 2 "FIST/FISTP", "FISTTP", "FRNDINT", "FBLD",
/// "FBSTP".
public final class ExtendedIntegers {
  /// Packed BCD has 18 digits.
  private static final long BCD_LIMIT = 1_000_000_000_000_000_000L;

  private static final int INTEGER_BITS = 63;

  private ExtendedIntegers() {}

  /// a as an integer of `bits` (16, 32 or 64), rounded as the environment says; too large is
  /// invalid and yields the least one.
  public static long round(ExtendedUnit u, int bits) {
    return convert(u, bits, u.environment.rounding);
  }

  /// The same, rounded towards zero.
  public static long truncate(ExtendedUnit u, int bits) {
    return convert(u, bits, FloatEnvironment.TRUNCATE);
  }

  private static long convert(ExtendedUnit u, int bits, int rounding) {
    ExtendedNumber a = u.a;
    long indefinite = -1L << bits - 1;
    if (a.kind == ExtendedNumber.ZERO) {
      return 0;
    }
    if (a.kind != ExtendedNumber.FINITE || a.exponent > INTEGER_BITS) {
      u.environment.raise(FloatEnvironment.INVALID);
      return indefinite;
    }
    long rest = rest(a);
    long kept = kept(a);
    boolean up = Rounding.isAway(rounding, a.negative, (kept & 1) != 0, rest);
    long magnitude = up ? kept + 1 : kept;
    long largest = a.negative ? -indefinite : ~indefinite;
    if (Long.compareUnsigned(magnitude, largest) > 0) {
      u.environment.raise(FloatEnvironment.INVALID);
      return indefinite;
    }
    report(u, rest, up);
    return a.negative ? -magnitude : magnitude;
  }

  private static void report(ExtendedUnit u, long rest, boolean up) {
    u.environment.roundedUp = up;
    if (rest != 0) {
      u.environment.raise(FloatEnvironment.INEXACT);
    }
  }

  /// The integer part of a finite magnitude with an exponent up to 63.
  private static long kept(ExtendedNumber a) {
    return a.exponent < 0 ? 0 : a.normal >>> INTEGER_BITS - a.exponent;
  }

  /// Its fraction, in 64 bits with a sticky bit.
  private static long rest(ExtendedNumber a) {
    if (a.exponent < -1) {
      return 1;
    }
    return a.exponent == INTEGER_BITS ? 0 : a.normal << a.exponent + 1;
  }

  /// a rounded to an integer, as result.
  public static void roundToIntegral(ExtendedUnit u) {
    if (u.settledByNan()) {
      return;
    }
    u.noteDenormal();
    if (u.stopped()) {
      return;
    }
    ExtendedNumber a = u.a;
    if (a.kind != ExtendedNumber.FINITE || a.exponent >= INTEGER_BITS) {
      u.result.put(a.significand, a.signExponent);
      return;
    }
    long kept = kept(a);
    long rest = rest(a);
    boolean up = Rounding.isAway(u.environment.rounding, a.negative, (kept & 1) != 0, rest);
    report(u, rest, up);
    long magnitude = up ? kept + 1 : kept;
    if (magnitude == 0) {
      u.result.putZero(a.negative);
      return;
    }
    int shift = Long.numberOfLeadingZeros(magnitude);
    int biased = ExtendedNumber.BIAS + INTEGER_BITS - shift;
    u.result.put(magnitude << shift, (a.negative ? ExtendedNumber.SIGN : 0) | biased);
  }

  /// a rounded to an integer of at most 18 digits, as a magnitude; too large is invalid.
  public static long roundToDecimal(ExtendedUnit u) {
    ExtendedNumber a = u.a;
    if (a.kind == ExtendedNumber.ZERO) {
      return 0;
    }
    if (a.kind != ExtendedNumber.FINITE || a.exponent >= INTEGER_BITS) {
      u.environment.raise(FloatEnvironment.INVALID);
      return 0;
    }
    long kept = kept(a);
    long rest = rest(a);
    boolean up = Rounding.isAway(u.environment.rounding, a.negative, (kept & 1) != 0, rest);
    long magnitude = up ? kept + 1 : kept;
    if (Long.compareUnsigned(magnitude, BCD_LIMIT) >= 0) {
      u.environment.raise(FloatEnvironment.INVALID);
      return 0;
    }
    report(u, rest, up);
    return magnitude;
  }
}
