package dev.backstep.emulator.floating;

/// A number of the x87's double extended format, as it stands in a register and taken apart. SDM
/// Vol. 1 "Double Extended-Precision Floating-Point Format", "Unsupported Double Extended-Precision
/// Floating-Point Encodings and Pseudo-Denormals".
///
/// ```
/// signExponent 15   14..0      significand 63       62..0
///              sign exponent              integer  fraction
/// ```
///
/// Mutable, so that nothing is allocated per instruction.
public final class ExtendedNumber {
  public static final long INTEGER_BIT = 1L << 63;
  public static final long QUIET_BIT = 1L << 62;
  public static final int MAX_EXPONENT = 0x7FFF;
  static final int SIGN = 0x8000;
  static final int BIAS = 16383;

  /// The default response to invalid operations: the QNaN floating-point indefinite.
  public static final long INDEFINITE_SIGNIFICAND = INTEGER_BIT | QUIET_BIT;

  public static final int INDEFINITE_SIGN_EXPONENT = 0xFFFF;

  // Kinds of numbers.
  public static final int ZERO = 0;
  public static final int FINITE = 1;
  public static final int INFINITY = 2;
  public static final int QUIET_NAN = 3;
  public static final int SIGNALLING_NAN = 4;

  /// Unnormals, pseudo-infinities and pseudo-NaNs.
  public static final int UNSUPPORTED = 5;

  public long significand;
  public int signExponent;

  int kind;
  boolean negative;

  /// Denormal or pseudo-denormal here, or denormal in the format it was read from.
  boolean denormal;

  // Only if FINITE: magnitude = normal / 2^63 * 2^exponent, with bit 63 of normal set.
  int exponent;
  long normal;

  public boolean isNegative() {
    return negative;
  }

  boolean isNan() {
    return kind == QUIET_NAN || kind == SIGNALLING_NAN;
  }

  /// Takes a register's contents, without looking into it.
  void put(long newSignificand, int newSignExponent) {
    significand = newSignificand;
    signExponent = newSignExponent;
  }

  void putZero(boolean isNegative) {
    put(0, isNegative ? SIGN : 0);
  }

  void putInfinity(boolean isNegative) {
    put(INTEGER_BIT, (isNegative ? SIGN : 0) | MAX_EXPONENT);
  }

  void putIndefinite() {
    put(INDEFINITE_SIGNIFICAND, INDEFINITE_SIGN_EXPONENT);
  }

  /// Takes a register's contents and takes it apart.
  public void set(long newSignificand, int newSignExponent) {
    significand = newSignificand;
    signExponent = newSignExponent;
    negative = (newSignExponent & SIGN) != 0;
    denormal = false;
    int biased = newSignExponent & MAX_EXPONENT;
    if (biased != 0 && newSignificand >= 0) {
      kind = UNSUPPORTED;
      return;
    }
    if (biased == MAX_EXPONENT) {
      boolean quiet = (newSignificand & QUIET_BIT) != 0;
      kind = newSignificand == INTEGER_BIT ? INFINITY : quiet ? QUIET_NAN : SIGNALLING_NAN;
      return;
    }
    if (newSignificand == 0) {
      kind = ZERO;
      return;
    }
    denormal = biased == 0;
    kind = FINITE;
    int shift = Long.numberOfLeadingZeros(newSignificand);
    normal = newSignificand << shift;
    exponent = Math.max(biased, 1) - BIAS - shift;
  }

  /// Takes a number in single or double precision; a signalling NaN stays one.
  ///
  /// @param bits zero-extended
  /// @param precision 24 or 53
  public void setNarrow(long bits, int precision) {
    int width = precision == 24 ? 32 : 64;
    int exponentBits = width - precision;
    int bias = (1 << exponentBits - 1) - 1;
    int sign = (int) (bits >>> width - 1) << 15;
    int biased = (int) (bits >>> precision - 1) & (1 << exponentBits) - 1;
    long fraction = bits << 65 - precision >>> 1;
    if (biased == (1 << exponentBits) - 1) {
      set(INTEGER_BIT | fraction, sign | MAX_EXPONENT);
      return;
    }
    if (biased != 0) {
      set(INTEGER_BIT | fraction, sign | biased - bias + BIAS);
      return;
    }
    if (fraction == 0) {
      set(0, sign);
      return;
    }
    int shift = Long.numberOfLeadingZeros(fraction);
    set(fraction << shift, sign | 1 - bias + BIAS - shift);
    denormal = true;
  }

  /// Takes an integer; exact.
  public void setInteger(long value) {
    if (value == 0) {
      set(0, 0);
      return;
    }
    long magnitude = Math.abs(value);
    int shift = Long.numberOfLeadingZeros(magnitude);
    set(magnitude << shift, (value < 0 ? SIGN : 0) | BIAS + 63 - shift);
  }
}
