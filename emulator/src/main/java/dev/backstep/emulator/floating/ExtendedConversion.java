package dev.backstep.emulator.floating;

/// Between x87 registers and single and double precision. SDM Vol. 2 "FLD", "FST/FSTP"; Vol. 1
/// "Numeric Overflow Exception (#O)": what an unmasked overflow or underflow leaves unstored is not
/// rounded, either.
public final class ExtendedConversion {
  private ExtendedConversion() {}

  /// b, which was read from a narrower format, as result.
  public static void load(ExtendedUnit u) {
    ExtendedNumber b = u.b;
    boolean signals = b.kind == ExtendedNumber.SIGNALLING_NAN;
    if (signals) {
      u.environment.raise(FloatEnvironment.INVALID);
    }
    if (b.denormal) {
      u.environment.raise(FloatEnvironment.DENORMAL);
    }
    u.result.put(b.significand | (signals ? ExtendedNumber.QUIET_BIT : 0), b.signExponent);
  }

  /// a rounded to `precision` bits (24 or 53).
  public static long narrow(ExtendedUnit u, int precision) {
    ExtendedNumber a = u.a;
    int width = precision == 24 ? 32 : 64;
    long sign = a.negative ? 1L << width - 1 : 0;
    long infinity = (1L << width - precision) - 1 << precision - 1;
    long quiet = 1L << precision - 2;
    switch (a.kind) {
      case ExtendedNumber.UNSUPPORTED -> {
        u.environment.raise(FloatEnvironment.INVALID);
        return 1L << width - 1 | infinity | quiet;
      }
      case ExtendedNumber.SIGNALLING_NAN, ExtendedNumber.QUIET_NAN -> {
        if (a.kind == ExtendedNumber.SIGNALLING_NAN) {
          u.environment.raise(FloatEnvironment.INVALID);
        }
        return sign | infinity | quiet | a.significand << 1 >>> 65 - precision;
      }
      case ExtendedNumber.INFINITY -> {
        return sign | infinity;
      }
      case ExtendedNumber.ZERO -> {
        return sign;
      }
      default -> {
        u.exact(a, a.negative);
        return sign | round(u.environment, precision, width - precision);
      }
    }
  }

  /// Exponent and fraction bits of the environment's exact result.
  private static long round(FloatEnvironment e, int precision, int exponentBits) {
    int bias = (1 << exponentBits - 1) - 1;
    int largest = (1 << exponentBits) - 1;
    int biased = e.exponent + bias + (Rounding.carries(e, precision) ? 1 : 0);
    if (biased >= largest) {
      return overflow(e, (long) largest << precision - 1);
    }
    if (biased > 0 && e.exponent + bias > 0) {
      // The leading bit adds one to the exponent; so does a carry.
      return kept(e, precision) + ((e.exponent + bias - 1L) << precision - 1);
    }
    boolean tiny = biased <= 0;
    if (tiny && !e.masked(FloatEnvironment.UNDERFLOW)) {
      e.raise(FloatEnvironment.UNDERFLOW);
      return 0;
    }
    Rounding.denormalise(e, 1 - bias - e.exponent);
    long bits = kept(e, precision);
    if (tiny && (e.flags & FloatEnvironment.INEXACT) != 0) {
      e.raise(FloatEnvironment.UNDERFLOW);
    }
    return bits;
  }

  private static long kept(FloatEnvironment e, int precision) {
    long rest = Rounding.rest(e.high, e.low, precision);
    long kept = e.high >>> 64 - precision;
    e.roundedUp = Rounding.isAway(e.rounding, e.negative, (kept & 1) != 0, rest);
    if (rest != 0) {
      e.raise(FloatEnvironment.INEXACT);
    }
    return kept + (e.roundedUp ? 1 : 0);
  }

  private static long overflow(FloatEnvironment e, long infinity) {
    e.raise(FloatEnvironment.OVERFLOW);
    if (!e.masked(FloatEnvironment.OVERFLOW)) {
      return 0;
    }
    e.raise(FloatEnvironment.INEXACT);
    e.roundedUp = Rounding.overflowsToInfinity(e.rounding, e.negative);
    return e.roundedUp ? infinity : infinity - 1;
  }
}
