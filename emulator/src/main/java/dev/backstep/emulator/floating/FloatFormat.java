package dev.backstep.emulator.floating;

/// An interchange format of IEEE 754 with an implied leading bit: sign, exponent, fraction from top
/// to bottom. Bit patterns are zero-extended longs.
///
/// A record, so that the compiler takes what is derived from it for constants.
///
/// @param significandBits with the implied one
/// @param exponentBits in the format
public record FloatFormat(int significandBits, int exponentBits) {
  public static final FloatFormat HALF = new FloatFormat(11, 5);
  public static final FloatFormat SINGLE = new FloatFormat(24, 8);
  public static final FloatFormat DOUBLE = new FloatFormat(53, 11);

  int bias() {
    return (1 << exponentBits - 1) - 1;
  }

  long signBit() {
    return 1L << significandBits + exponentBits - 1;
  }

  long fractionMask() {
    return (1L << significandBits - 1) - 1;
  }

  long quietBit() {
    return 1L << significandBits - 2;
  }

  long infinity() {
    return (1L << exponentBits) - 1 << significandBits - 1;
  }

  /// The result of masked invalid operations, "QNaN floating-point indefinite".
  long indefinite() {
    return signBit() | infinity() | quietBit();
  }

  boolean isNegative(long bits) {
    return (bits & signBit()) != 0;
  }

  long sign(boolean negative) {
    return negative ? signBit() : 0;
  }

  /// Without its sign.
  long magnitude(long bits) {
    return bits & signBit() - 1;
  }

  boolean isNan(long bits) {
    return magnitude(bits) > infinity();
  }

  boolean isSignalling(long bits) {
    return isNan(bits) && (bits & quietBit()) == 0;
  }

  boolean isInfinite(long bits) {
    return magnitude(bits) == infinity();
  }

  boolean isZero(long bits) {
    return magnitude(bits) == 0;
  }

  boolean isDenormal(long bits) {
    return (bits & infinity()) == 0 && (bits & fractionMask()) != 0;
  }

  /// Whether it is a NaN or an infinity.
  boolean isSpecial(long bits) {
    return (bits & infinity()) == infinity();
  }

  /// The unbiased exponent of a finite number with its leading bit moved to bit 63.
  int exponent(long bits) {
    int biased = (int) ((bits & infinity()) >>> significandBits - 1);
    if (biased == 0) {
      long fraction = bits & fractionMask();
      return 1 - bias() - (Long.numberOfLeadingZeros(fraction) - (64 - significandBits));
    }
    return biased - bias();
  }

  /// The significand of a finite number with its leading bit at bit 63; 0 for zero.
  long significand(long bits) {
    long fraction = bits & fractionMask();
    if ((bits & infinity()) == 0) {
      return fraction == 0 ? 0 : fraction << Long.numberOfLeadingZeros(fraction);
    }
    return fraction << 64 - significandBits | Long.MIN_VALUE;
  }

  /// An operand of an operation that tells denormal numbers from others: zero with DAZ, else itself
  /// with DE.
  long operand(FloatEnvironment e, long bits) {
    if (!isDenormal(bits)) {
      return bits;
    }
    if (e.daz) {
      return bits & signBit();
    }
    e.flags |= FloatEnvironment.DENORMAL;
    return bits;
  }

  /// An operand, with DAZ, that is passed on without being computed with.
  long flushed(FloatEnvironment e, long bits) {
    return e.daz && isDenormal(bits) ? bits & signBit() : bits;
  }

  /// Rounds what is in `e`.
  long pack(FloatEnvironment e) {
    if (e.high == 0) {
      return sign(e.negative);
    }
    if (e.exponent < 1 - bias()) {
      return packTiny(e);
    }
    return packRounded(e);
  }

  private long packRounded(FloatEnvironment e) {
    long kept = e.high >>> 64 - significandBits;
    long rest = Rounding.rest(e.high, e.low, significandBits);
    // The implied bit adds one to the exponent; so does a carry out of the significand.
    long biased = Math.min(e.exponent + bias(), (1 << exponentBits) - 1);
    long bits = (biased - 1 << significandBits - 1) + kept;
    if (rest != 0) {
      e.flags |= FloatEnvironment.INEXACT;
      if (Rounding.isAway(e.rounding, e.negative, (kept & 1) != 0, rest)) {
        bits++;
      }
    }
    return sign(e.negative) | (Long.compareUnsigned(bits, infinity()) >= 0 ? overflow(e) : bits);
  }

  private long overflow(FloatEnvironment e) {
    e.flags |= FloatEnvironment.OVERFLOW;
    if (e.masked(FloatEnvironment.OVERFLOW)) {
      e.flags |= FloatEnvironment.INEXACT;
    }
    return Rounding.overflowsToInfinity(e.rounding, e.negative) ? infinity() : infinity() - 1;
  }

  /// A number below the least normal one. It is tiny if it is still below after rounding as if
  /// exponents had no end. SDM Vol. 1 "Numeric Underflow Exception (#U)".
  private long packTiny(FloatEnvironment e) {
    boolean tiny = e.exponent < -bias() || !Rounding.carries(e, significandBits);
    if (tiny && !e.masked(FloatEnvironment.UNDERFLOW)) {
      e.flags |= FloatEnvironment.UNDERFLOW;
      if (Rounding.rest(e.high, e.low, significandBits) != 0) {
        e.flags |= FloatEnvironment.INEXACT;
      }
      return 0;
    }
    if (tiny && e.ftz) {
      e.flags |= FloatEnvironment.UNDERFLOW | FloatEnvironment.INEXACT;
      return sign(e.negative);
    }
    Rounding.denormalise(e, 1 - bias() - e.exponent);
    long rest = Rounding.rest(e.high, e.low, significandBits);
    long kept = e.high >>> 64 - significandBits;
    if (rest != 0) {
      e.flags |= FloatEnvironment.INEXACT | (tiny ? FloatEnvironment.UNDERFLOW : 0);
      if (Rounding.isAway(e.rounding, e.negative, (kept & 1) != 0, rest)) {
        kept++;
      }
    }
    return sign(e.negative) | kept;
  }
}
