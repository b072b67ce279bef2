package dev.backstep.emulator.floating;

/// Conversions between formats, to and from integers, and rounding to integral values. SDM Vol. 2
/// "CVTPD2PS" to "CVTTSS2SI", "ROUNDPD", "VCVTPH2PS", "VCVTPS2PH".
public final class FloatConversion {
  private FloatConversion() {}

  /// A number in another format; a NaN keeps its sign and as much of its fraction as fits.
  public static long convert(FloatFormat from, FloatFormat to, FloatEnvironment e, long bits) {
    boolean negative = from.isNegative(bits);
    if (from.isSpecial(bits)) {
      if (from.isInfinite(bits)) {
        return to.sign(negative) | to.infinity();
      }
      if (from.isSignalling(bits)) {
        e.flags |= FloatEnvironment.INVALID;
      }
      long fraction = from.significand(bits) << 1 >>> 65 - to.significandBits();
      return to.sign(negative) | to.infinity() | to.quietBit() | fraction;
    }
    long a = from.operand(e, bits);
    load(from, e, a);
    return to.pack(e);
  }

  /// Without denormal operands being zeros or an exception.
  public static long convertHalfToSingle(FloatEnvironment e, long bits) {
    if (FloatFormat.HALF.isDenormal(bits)) {
      load(FloatFormat.HALF, e, bits);
      return FloatFormat.SINGLE.pack(e);
    }
    return convert(FloatFormat.HALF, FloatFormat.SINGLE, e, bits);
  }

  private static void load(FloatFormat from, FloatEnvironment e, long bits) {
    e.negative = from.isNegative(bits);
    e.high = from.significand(bits);
    e.low = 0;
    e.exponent = from.exponent(bits);
  }

  /// A signed integer as a number.
  public static long fromInteger(FloatFormat to, FloatEnvironment e, long integer) {
    e.negative = integer < 0;
    long magnitude = Math.abs(integer);
    int zeros = Long.numberOfLeadingZeros(magnitude);
    e.high = magnitude == 0 ? 0 : magnitude << zeros;
    e.low = 0;
    e.exponent = 63 - zeros;
    return to.pack(e);
  }

  /// A number as a signed integer of `bits` bits (32 or 64), zero-extended; the least one, "integer
  /// indefinite", if it does not fit.
  ///
  /// @param rounding as in [FloatEnvironment#rounding]
  public static long toInteger(
      FloatFormat from, FloatEnvironment e, long operand, int bits, int rounding) {
    if (from.isZero(operand) || e.daz && from.isDenormal(operand)) {
      return 0;
    }
    int exponent = from.exponent(operand);
    boolean negative = from.isNegative(operand);
    if (!from.isSpecial(operand) && exponent < bits) {
      long significand = from.significand(operand);
      long integer = integralPart(significand, exponent);
      long rest = restBelowOne(significand, exponent);
      if (Rounding.isAway(rounding, negative, (integer & 1) != 0, rest)) {
        integer++;
      }
      long limit = 1L << bits - 1;
      if (Long.compareUnsigned(integer, negative ? limit : limit - 1) <= 0) {
        e.flags |= rest == 0 ? 0 : FloatEnvironment.INEXACT;
        return (negative ? -integer : integer) & -1L >>> 64 - bits;
      }
    }
    e.flags |= FloatEnvironment.INVALID;
    return 1L << bits - 1;
  }

  /// What ROUNDPS and its like do.
  ///
  /// @param rounding as in [FloatEnvironment#rounding]
  /// @param inexact [FloatEnvironment#INEXACT], or 0 to leave it unsaid
  public static long toIntegral(
      FloatFormat f, FloatEnvironment e, long operand, int rounding, int inexact) {
    if (f.isNan(operand)) {
      e.flags |= f.isSignalling(operand) ? FloatEnvironment.INVALID : 0;
      return operand | f.quietBit();
    }
    if (f.isZero(operand) || e.daz && f.isDenormal(operand)) {
      return operand & f.signBit();
    }
    int exponent = f.exponent(operand);
    if (exponent >= f.significandBits() - 1) {
      return operand;
    }
    boolean negative = f.isNegative(operand);
    long significand = f.significand(operand);
    long integer = integralPart(significand, exponent);
    long rest = restBelowOne(significand, exponent);
    if (Rounding.isAway(rounding, negative, (integer & 1) != 0, rest)) {
      integer++;
    }
    e.flags |= rest == 0 ? 0 : inexact;
    return f.sign(negative) | fromSmallInteger(f, integer);
  }

  /// An integer that fits the significand.
  private static long fromSmallInteger(FloatFormat f, long integer) {
    if (integer == 0) {
      return 0;
    }
    int zeros = Long.numberOfLeadingZeros(integer);
    long kept = integer << zeros >>> 64 - f.significandBits();
    return (62L - zeros + f.bias() << f.significandBits() - 1) + kept;
  }

  /// Of a number whose exponent is less than 64.
  private static long integralPart(long significand, int exponent) {
    return exponent < 0 ? 0 : significand >>> 63 - exponent;
  }

  /// The rest as fraction of one: bit 63 is one half; sticky.
  private static long restBelowOne(long significand, int exponent) {
    if (exponent < 0) {
      return exponent == -1 ? significand : 1;
    }
    return significand << exponent << 1;
  }
}
