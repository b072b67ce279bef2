package dev.backstep.emulator.floating;

/// Addition to square root, fused multiply-add, minimum and maximum as SSE, AVX and FMA define
/// them, for each format. SDM Vol. 1 "Operating on NaNs", "SIMD Floating-Point Exception
/// Conditions" (which exception goes before which), Vol. 2 of each instruction.
public final class FloatArithmetic {
  /// What [#fusedMultiplyAdd] does to the sign of the product.
  public static final int NEGATE_PRODUCT = 1;

  /// What [#fusedMultiplyAdd] does to the sign of the addend.
  public static final int NEGATE_ADDEND = 2;

  private FloatArithmetic() {}

  public static long add(FloatFormat f, FloatEnvironment e, long a, long b) {
    return f.isSpecial(a) || f.isSpecial(b) ? addSpecial(f, e, a, b, 0) : sum(f, e, a, b, 0);
  }

  public static long subtract(FloatFormat f, FloatEnvironment e, long a, long b) {
    return f.isSpecial(a) || f.isSpecial(b)
        ? addSpecial(f, e, a, b, f.signBit())
        : sum(f, e, a, b, f.signBit());
  }

  /// @param turn the sign bit to turn `b` over
  private static long sum(FloatFormat f, FloatEnvironment e, long left, long right, long turn) {
    long a = f.operand(e, left);
    long b = f.operand(e, right) ^ turn;
    Arithmetic.add(
        e,
        f.isNegative(a),
        f.exponent(a),
        f.significand(a),
        f.isNegative(b),
        f.exponent(b),
        f.significand(b));
    return f.pack(e);
  }

  private static long addSpecial(FloatFormat f, FloatEnvironment e, long a, long b, long turn) {
    if (f.isNan(a) || f.isNan(b)) {
      return nan(f, e, a, b);
    }
    f.operand(e, a);
    f.operand(e, b);
    if (!f.isInfinite(b)) {
      return a;
    }
    return f.isInfinite(a) && a != (b ^ turn) ? invalid(f, e) : b ^ turn;
  }

  public static long multiply(FloatFormat f, FloatEnvironment e, long left, long right) {
    boolean negative = f.isNegative(left ^ right);
    if (f.isSpecial(left) || f.isSpecial(right)) {
      return multiplySpecial(f, e, left, right, negative);
    }
    long a = f.operand(e, left);
    long b = f.operand(e, right);
    Arithmetic.multiply(
        e, negative, f.exponent(a), f.significand(a), f.exponent(b), f.significand(b));
    return f.pack(e);
  }

  private static long multiplySpecial(
      FloatFormat f, FloatEnvironment e, long a, long b, boolean negative) {
    if (f.isNan(a) || f.isNan(b)) {
      return nan(f, e, a, b);
    }
    if (isZero(f, e, a) || isZero(f, e, b)) {
      return invalid(f, e);
    }
    f.operand(e, a);
    f.operand(e, b);
    return f.sign(negative) | f.infinity();
  }

  public static long divide(FloatFormat f, FloatEnvironment e, long left, long right) {
    boolean negative = f.isNegative(left ^ right);
    if (f.isSpecial(left) || f.isSpecial(right)) {
      return divideSpecial(f, e, left, right, negative);
    }
    if (isZero(f, e, right)) {
      if (isZero(f, e, left)) {
        return invalid(f, e);
      }
      e.flags |= FloatEnvironment.ZERO_DIVIDE;
      return f.sign(negative) | f.infinity();
    }
    long a = f.operand(e, left);
    long b = f.operand(e, right);
    Arithmetic.divide(
        e, negative, f.exponent(a), f.significand(a), f.exponent(b), f.significand(b));
    return f.pack(e);
  }

  private static long divideSpecial(
      FloatFormat f, FloatEnvironment e, long a, long b, boolean negative) {
    if (f.isNan(a) || f.isNan(b)) {
      return nan(f, e, a, b);
    }
    if (f.isInfinite(a) && f.isInfinite(b)) {
      return invalid(f, e);
    }
    f.operand(e, a);
    f.operand(e, b);
    return f.sign(negative) | (f.isInfinite(a) ? f.infinity() : 0);
  }

  public static long squareRoot(FloatFormat f, FloatEnvironment e, long operand) {
    if (f.isNan(operand)) {
      return nan(f, e, operand);
    }
    if (isZero(f, e, operand)) {
      return operand & f.signBit();
    }
    if (f.isNegative(operand)) {
      return invalid(f, e);
    }
    if (f.isInfinite(operand)) {
      return operand;
    }
    long a = f.operand(e, operand);
    Arithmetic.squareRoot(e, f.exponent(a), f.significand(a));
    return f.pack(e);
  }

  /// `a * b + c` with one rounding, for formats of up to 53 bits.
  ///
  /// @param signs [#NEGATE_PRODUCT] and [#NEGATE_ADDEND]; NaNs keep their signs
  public static long fusedMultiplyAdd(
      FloatFormat f, FloatEnvironment e, long left, long right, long addend, int signs) {
    boolean negative = f.isNegative(left ^ right) ^ (signs & NEGATE_PRODUCT) != 0;
    long turn = f.sign((signs & NEGATE_ADDEND) != 0);
    if (f.isSpecial(left) || f.isSpecial(right) || f.isSpecial(addend)) {
      return fusedSpecial(f, e, left, right, addend, negative, turn);
    }
    long a = f.operand(e, left);
    long b = f.operand(e, right);
    long c = f.operand(e, addend) ^ turn;
    Arithmetic.multiply(
        e, negative, f.exponent(a), f.significand(a), f.exponent(b), f.significand(b));
    Arithmetic.add(
        e,
        negative,
        e.exponent,
        e.high,
        e.low,
        f.isNegative(c),
        f.exponent(c),
        f.significand(c),
        0);
    return f.pack(e);
  }

  private static long fusedSpecial(
      FloatFormat f, FloatEnvironment e, long a, long b, long c, boolean negative, long turn) {
    if (f.isNan(a) || f.isNan(b)) {
      if (f.isSignalling(c)) {
        e.flags |= FloatEnvironment.INVALID;
      }
      return nan(f, e, a, b);
    }
    if (f.isNan(c)) {
      return nan(f, e, c);
    }
    boolean infinite = f.isInfinite(a) || f.isInfinite(b);
    if (infinite && (isZero(f, e, a) || isZero(f, e, b))) {
      return invalid(f, e);
    }
    if (infinite && f.isInfinite(c) && negative != f.isNegative(c ^ turn)) {
      return invalid(f, e);
    }
    f.operand(e, a);
    f.operand(e, b);
    f.operand(e, c);
    return infinite ? f.sign(negative) | f.infinity() : c ^ turn;
  }

  /// The second operand unless the first one is less. SDM Vol. 2 "MINPS".
  public static long minimum(FloatFormat f, FloatEnvironment e, long left, long right) {
    if (f.isNan(left) || f.isNan(right)) {
      e.flags |= FloatEnvironment.INVALID;
      return f.flushed(e, right);
    }
    long a = f.operand(e, left);
    long b = f.operand(e, right);
    return FloatComparison.order(f, a, b) < 0 ? a : b;
  }

  /// The second operand unless the first one is greater. SDM Vol. 2 "MAXPS".
  public static long maximum(FloatFormat f, FloatEnvironment e, long left, long right) {
    if (f.isNan(left) || f.isNan(right)) {
      e.flags |= FloatEnvironment.INVALID;
      return f.flushed(e, right);
    }
    long a = f.operand(e, left);
    long b = f.operand(e, right);
    return FloatComparison.order(f, a, b) > 0 ? a : b;
  }

  private static boolean isZero(FloatFormat f, FloatEnvironment e, long bits) {
    return f.isZero(bits) || e.daz && f.isDenormal(bits);
  }

  private static long invalid(FloatFormat f, FloatEnvironment e) {
    e.flags |= FloatEnvironment.INVALID;
    return f.indefinite();
  }

  /// The first of two operands that is a NaN, made quiet.
  private static long nan(FloatFormat f, FloatEnvironment e, long a, long b) {
    if (f.isSignalling(a) || f.isSignalling(b)) {
      e.flags |= FloatEnvironment.INVALID;
    }
    return (f.isNan(a) ? a : b) | f.quietBit();
  }

  private static long nan(FloatFormat f, FloatEnvironment e, long a) {
    if (f.isSignalling(a)) {
      e.flags |= FloatEnvironment.INVALID;
    }
    return a | f.quietBit();
  }
}
