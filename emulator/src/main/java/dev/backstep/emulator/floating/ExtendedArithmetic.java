package dev.backstep.emulator.floating;

/// The x87's arithmetic: operands `a` and `b` of an [ExtendedUnit], and its `result`. SDM Vol. 2
/// "FADD/FADDP/FIADD" and its neighbours; order of exceptions: Vol. 1 "Floating-Point Exception
/// Priority".
///
/// If the unit's environment then holds an exception known before a result that is not masked,
/// there is no result.
public final class ExtendedArithmetic {
  private ExtendedArithmetic() {}

  /// a + b
  public static void add(ExtendedUnit u) {
    sum(u, u.a.negative, u.b.negative);
  }

  /// a - b
  public static void subtract(ExtendedUnit u) {
    sum(u, u.a.negative, !u.b.negative);
  }

  /// b - a
  public static void subtractReversed(ExtendedUnit u) {
    sum(u, !u.a.negative, u.b.negative);
  }

  private static void sum(ExtendedUnit u, boolean negativeA, boolean negativeB) {
    if (u.settledByNans()) {
      return;
    }
    ExtendedNumber a = u.a;
    ExtendedNumber b = u.b;
    boolean infiniteA = a.kind == ExtendedNumber.INFINITY;
    boolean infiniteB = b.kind == ExtendedNumber.INFINITY;
    if (infiniteA && infiniteB && negativeA != negativeB) {
      u.invalid();
      return;
    }
    u.noteDenormals();
    if (u.stopped()) {
      return;
    }
    if (infiniteA || infiniteB) {
      u.result.putInfinity(infiniteA ? negativeA : negativeB);
      return;
    }
    long significandA = a.kind == ExtendedNumber.ZERO ? 0 : a.normal;
    long significandB = b.kind == ExtendedNumber.ZERO ? 0 : b.normal;
    Arithmetic.add(
        u.environment, negativeA, a.exponent, significandA, negativeB, b.exponent, significandB);
    ExtendedRounding.round(u);
  }

  /// a * b
  public static void multiply(ExtendedUnit u) {
    if (u.settledByNans()) {
      return;
    }
    ExtendedNumber a = u.a;
    ExtendedNumber b = u.b;
    boolean negative = a.negative != b.negative;
    boolean infinite = a.kind == ExtendedNumber.INFINITY || b.kind == ExtendedNumber.INFINITY;
    boolean zero = a.kind == ExtendedNumber.ZERO || b.kind == ExtendedNumber.ZERO;
    if (infinite && zero) {
      u.invalid();
      return;
    }
    u.noteDenormals();
    if (u.stopped()) {
      return;
    }
    if (infinite) {
      u.result.putInfinity(negative);
    } else if (zero) {
      u.result.putZero(negative);
    } else {
      Arithmetic.multiply(u.environment, negative, a.exponent, a.normal, b.exponent, b.normal);
      ExtendedRounding.round(u);
    }
  }

  /// a / b
  public static void divide(ExtendedUnit u) {
    quotient(u, u.a, u.b);
  }

  /// b / a
  public static void divideReversed(ExtendedUnit u) {
    quotient(u, u.b, u.a);
  }

  private static void quotient(ExtendedUnit u, ExtendedNumber dividend, ExtendedNumber divisor) {
    if (u.settledByNans()) {
      return;
    }
    boolean negative = dividend.negative != divisor.negative;
    boolean byZero = divisor.kind == ExtendedNumber.ZERO;
    boolean infinite = dividend.kind == ExtendedNumber.INFINITY;
    if (dividend.kind == divisor.kind && (byZero || infinite)) {
      u.invalid();
      return;
    }
    if (byZero && !infinite) {
      u.environment.raise(FloatEnvironment.ZERO_DIVIDE);
    } else {
      u.noteDenormals();
    }
    if (u.stopped()) {
      return;
    }
    if (byZero || infinite) {
      u.result.putInfinity(negative);
    } else if (dividend.kind == ExtendedNumber.ZERO || divisor.kind == ExtendedNumber.INFINITY) {
      u.result.putZero(negative);
    } else {
      Arithmetic.divide(
          u.environment,
          negative,
          dividend.exponent,
          dividend.normal,
          divisor.exponent,
          divisor.normal);
      ExtendedRounding.round(u);
    }
  }

  /// The square root of a.
  public static void squareRoot(ExtendedUnit u) {
    if (u.settledByNan()) {
      return;
    }
    ExtendedNumber a = u.a;
    if (a.negative && a.kind != ExtendedNumber.ZERO) {
      u.invalid();
      return;
    }
    u.noteDenormal();
    if (u.stopped()) {
      return;
    }
    if (a.kind != ExtendedNumber.FINITE) {
      u.result.put(a.significand, a.signExponent);
      return;
    }
    u.environment.negative = false;
    Arithmetic.squareRoot(u.environment, a.exponent, a.normal);
    ExtendedRounding.round(u);
  }
}
