package dev.backstep.emulator.floating;

/// Rounds exact results to x87 registers. SDM Vol. 1 "Rounding", "Numeric Overflow Exception (#O)",
/// "Numeric Underflow Exception (#U)".
///
/// Precision control narrows the significand only: the exponent keeps its range. What is tiny is
/// found after rounding.
final class ExtendedRounding {
  /// What an unmasked overflow or underflow moves the exponent by, back into its range. FSCALE can
  /// miss it even so: the result is an infinity or zero then.
  private static final int BIAS_ADJUSTMENT = 24576;

  private ExtendedRounding() {}

  /// Rounds the environment's exact result to the precision that the control word asks for.
  static void round(ExtendedUnit u) {
    round(u, u.environment.precision);
  }

  /// Rounds the environment's exact result to `bits` bits: 24, 53 or 64.
  static void round(ExtendedUnit u, int bits) {
    FloatEnvironment e = u.environment;
    if (e.high == 0) {
      u.result.putZero(e.negative);
      return;
    }
    int exponent = e.exponent + (Rounding.carries(e, bits) ? 1 : 0);
    int biased = exponent + ExtendedNumber.BIAS;
    if (biased >= ExtendedNumber.MAX_EXPONENT) {
      overflow(u, bits, biased);
      return;
    }
    if (biased > 0 && e.exponent + ExtendedNumber.BIAS > 0) {
      pack(u, bits, biased);
      return;
    }
    boolean tiny = biased <= 0;
    if (tiny && !e.masked(FloatEnvironment.UNDERFLOW)) {
      underflow(u, bits, biased);
      return;
    }
    Rounding.denormalise(e, 1 - ExtendedNumber.BIAS - e.exponent);
    pack(u, bits, 0);
    if (tiny && (e.flags & FloatEnvironment.INEXACT) != 0) {
      e.raise(FloatEnvironment.UNDERFLOW);
    }
  }

  /// Rounds the significand and puts it down with a biased exponent; a denormal one that is rounded
  /// up to the integer bit is the least normal number.
  private static void pack(ExtendedUnit u, int bits, int biased) {
    FloatEnvironment e = u.environment;
    long rest = Rounding.rest(e.high, e.low, bits);
    long kept = e.high >>> 64 - bits;
    e.roundedUp = Rounding.isAway(e.rounding, e.negative, (kept & 1) != 0, rest);
    if (rest != 0) {
      e.raise(FloatEnvironment.INEXACT);
    }
    long significand = kept + (e.roundedUp ? 1 : 0) << 64 - bits;
    if (biased == 0) {
      u.result.put(significand, sign(e) | (significand < 0 ? 1 : 0));
      return;
    }
    // A carry out of the highest bit leaves zero; the exponent counts it already.
    u.result.put(significand | ExtendedNumber.INTEGER_BIT, sign(e) | biased);
  }

  private static void overflow(ExtendedUnit u, int bits, int biased) {
    FloatEnvironment e = u.environment;
    e.raise(FloatEnvironment.OVERFLOW);
    boolean masked = e.masked(FloatEnvironment.OVERFLOW);
    if (!masked && biased - BIAS_ADJUSTMENT < ExtendedNumber.MAX_EXPONENT) {
      pack(u, bits, biased - BIAS_ADJUSTMENT);
      return;
    }
    e.raise(FloatEnvironment.INEXACT);
    e.roundedUp = !masked || Rounding.overflowsToInfinity(e.rounding, e.negative);
    if (e.roundedUp) {
      u.result.putInfinity(e.negative);
      return;
    }
    u.result.put(-1L << 64 - bits, sign(e) | ExtendedNumber.MAX_EXPONENT - 1);
  }

  private static void underflow(ExtendedUnit u, int bits, int biased) {
    FloatEnvironment e = u.environment;
    e.raise(FloatEnvironment.UNDERFLOW);
    if (biased + BIAS_ADJUSTMENT > 0) {
      pack(u, bits, biased + BIAS_ADJUSTMENT);
      return;
    }
    e.raise(FloatEnvironment.INEXACT);
    u.result.putZero(e.negative);
  }

  private static int sign(FloatEnvironment e) {
    return e.negative ? ExtendedNumber.SIGN : 0;
  }
}
