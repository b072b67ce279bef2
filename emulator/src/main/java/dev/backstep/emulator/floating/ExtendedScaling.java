package dev.backstep.emulator.floating;

/// Exponents as numbers. SDM Vol. 2 "FSCALE", "FXTRACT".
public final class ExtendedScaling {
  /// More than the exponents of any two numbers differ by.
  private static final int FARTHEST = 0x1_0000;

  private ExtendedScaling() {}

  /// a * 2^b, with b cut off to an integer.
  public static void scale(ExtendedUnit u) {
    if (u.settledByNans()) {
      return;
    }
    ExtendedNumber a = u.a;
    ExtendedNumber b = u.b;
    boolean infiniteB = b.kind == ExtendedNumber.INFINITY;
    if (infiniteB && a.kind == (b.negative ? ExtendedNumber.INFINITY : ExtendedNumber.ZERO)) {
      u.invalid();
      return;
    }
    u.noteDenormals();
    if (u.stopped()) {
      return;
    }
    if (a.kind != ExtendedNumber.FINITE) {
      u.result.put(a.significand, a.signExponent);
    } else if (infiniteB) {
      if (b.negative) {
        u.result.putZero(a.negative);
      } else {
        u.result.putInfinity(a.negative);
      }
    } else {
      u.exact(a, a.negative);
      u.environment.exponent += steps(b);
      ExtendedRounding.round(u, 64);
    }
  }

  private static int steps(ExtendedNumber b) {
    if (b.kind == ExtendedNumber.ZERO || b.exponent < 0) {
      return 0;
    }
    int magnitude = b.exponent > 15 ? FARTHEST : (int) (b.normal >>> 63 - b.exponent);
    return b.negative ? -magnitude : magnitude;
  }

  /// a's exponent as `result`, and its significand as `second`.
  public static void extract(ExtendedUnit u) {
    ExtendedNumber a = u.a;
    if (u.settledByNan()) {
      u.second.put(u.result.significand, u.result.signExponent);
      return;
    }
    u.noteDenormal();
    switch (a.kind) {
      case ExtendedNumber.ZERO -> {
        u.environment.raise(FloatEnvironment.ZERO_DIVIDE);
        u.result.putInfinity(true);
        u.second.putZero(a.negative);
      }
      case ExtendedNumber.INFINITY -> {
        u.result.putInfinity(false);
        u.second.putInfinity(a.negative);
      }
      default -> {
        u.second.put(a.normal, (a.negative ? ExtendedNumber.SIGN : 0) | ExtendedNumber.BIAS);
        u.result.setInteger(a.exponent);
      }
    }
  }
}
