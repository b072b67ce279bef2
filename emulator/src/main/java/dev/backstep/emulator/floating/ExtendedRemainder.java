package dev.backstep.emulator.floating;

/// Partial remainders. SDM Vol. 2 "FPREM", "FPREM1".
public final class ExtendedRemainder {
  /// What conditions holds if there is no quotient.
  public static final int NO_QUOTIENT = -1;

  /// A difference of exponents from here on takes more than one step.
  private static final int WHOLE = 64;

  private ExtendedRemainder() {}

  /// a - b * q, with the quotient a / b cut off; the low bits of q (C0, C3, C1) or C2 in
  /// conditions.
  public static void truncated(ExtendedUnit u) {
    remainder(u, false);
  }

  /// The same with the quotient rounded to nearest, as IEEE 754 wants it.
  public static void nearest(ExtendedUnit u) {
    remainder(u, true);
  }

  private static void remainder(ExtendedUnit u, boolean nearest) {
    u.conditions = NO_QUOTIENT;
    if (u.settledByNans()) {
      return;
    }
    ExtendedNumber a = u.a;
    ExtendedNumber b = u.b;
    if (a.kind == ExtendedNumber.INFINITY || b.kind == ExtendedNumber.ZERO) {
      u.invalid();
      return;
    }
    u.noteDenormals();
    if (u.stopped()) {
      return;
    }
    u.conditions = 0;
    if (a.kind == ExtendedNumber.ZERO) {
      u.result.put(a.significand, a.signExponent);
      return;
    }
    int distance = a.exponent - b.exponent;
    if (b.kind == ExtendedNumber.INFINITY || distance < (nearest ? -1 : 0)) {
      whole(u, a.exponent, a.normal, a.negative);
      return;
    }
    if (distance >= WHOLE) {
      step(u, distance);
      return;
    }
    last(u, distance, nearest);
  }

  /// Takes off what needs the upper bits of the quotient.
  private static void step(ExtendedUnit u, int distance) {
    int bits = distance & 31 | 32;
    u.conditions = ExtendedComparison.C2;
    long rest = u.a.normal;
    long divisor = u.b.normal;
    boolean carry = false;
    for (int k = bits; k >= 0; k--) {
      if (carry || Long.compareUnsigned(rest, divisor) >= 0) {
        rest -= divisor;
      }
      if (k > 0) {
        carry = rest < 0;
        rest <<= 1;
      }
    }
    whole(u, u.b.exponent + distance - bits, rest, u.a.negative);
  }

  private static void last(ExtendedUnit u, int distance, boolean nearest) {
    long rest = u.a.normal;
    long divisor = u.b.normal;
    int exponent = u.b.exponent;
    boolean negative = u.a.negative;
    int quotient = 0;
    if (distance < 0) {
      // Half the divisor or less than it: compared with rest at the divisor's scale below.
      boolean more = Long.compareUnsigned(rest, divisor) > 0;
      if (!more) {
        whole(u, u.a.exponent, rest, negative);
        return;
      }
      // divisor - rest/2, in halves: 2 * divisor - rest, less than divisor.
      whole(u, u.a.exponent, 2 * divisor - rest, !negative);
      conditions(u, 1);
      return;
    }
    boolean carry = false;
    for (int k = distance; k >= 0; k--) {
      quotient <<= 1;
      if (carry || Long.compareUnsigned(rest, divisor) >= 0) {
        rest -= divisor;
        quotient |= 1;
      }
      if (k > 0) {
        carry = rest < 0;
        rest <<= 1;
      }
    }
    if (nearest && rest != 0) {
      int half = Long.compareUnsigned(rest, divisor - rest);
      if (half > 0 || half == 0 && (quotient & 1) != 0) {
        rest = divisor - rest;
        negative = !negative;
        quotient++;
      }
    }
    whole(u, exponent, rest, negative);
    conditions(u, quotient);
  }

  private static void conditions(ExtendedUnit u, int quotient) {
    u.conditions =
        ((quotient & 4) != 0 ? ExtendedComparison.C0 : 0)
            | ((quotient & 2) != 0 ? ExtendedComparison.C3 : 0)
            | ((quotient & 1) != 0 ? ExtendedComparison.C1 : 0);
  }

  /// Puts down an exact remainder.
  private static void whole(ExtendedUnit u, int exponent, long significand, boolean negative) {
    if (significand == 0) {
      u.result.putZero(u.a.negative);
      return;
    }
    int shift = Long.numberOfLeadingZeros(significand);
    FloatEnvironment e = u.environment;
    e.negative = negative;
    e.exponent = exponent - shift;
    e.high = significand << shift;
    e.low = 0;
    ExtendedRounding.round(u, 64);
  }
}
