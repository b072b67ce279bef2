package dev.backstep.emulator.floating;

/// Comparisons of x87 registers. SDM Vol. 2 "FCOM/FCOMP/FCOMPP", "FUCOM", "FXAM".
public final class ExtendedComparison {
  // Bits of the status word.
  public static final int C0 = 1 << 8;
  public static final int C1 = 1 << 9;
  public static final int C2 = 1 << 10;
  public static final int C3 = 1 << 14;

  private static final int UNORDERED = C3 | C2 | C0;

  private ExtendedComparison() {}

  /// Compares a with b; any NaN is an invalid operation. The answer is in the unit's conditions: C0
  /// less, C3 equal, all three unordered.
  public static void compare(ExtendedUnit u) {
    compare(u, true);
  }

  /// The same, but quiet NaNs raise nothing.
  public static void compareQuietly(ExtendedUnit u) {
    compare(u, false);
  }

  private static void compare(ExtendedUnit u, boolean quietNansSignal) {
    ExtendedNumber a = u.a;
    ExtendedNumber b = u.b;
    if (a.kind >= ExtendedNumber.QUIET_NAN || b.kind >= ExtendedNumber.QUIET_NAN) {
      u.conditions = UNORDERED;
      boolean worse = a.kind > ExtendedNumber.QUIET_NAN || b.kind > ExtendedNumber.QUIET_NAN;
      if (quietNansSignal || worse) {
        u.environment.raise(FloatEnvironment.INVALID);
      }
      return;
    }
    u.noteDenormals();
    int order = order(a, b);
    u.conditions = order == 0 ? C3 : order < 0 ? C0 : 0;
  }

  private static int order(ExtendedNumber a, ExtendedNumber b) {
    int signA = a.kind == ExtendedNumber.ZERO ? 0 : a.negative ? -1 : 1;
    int signB = b.kind == ExtendedNumber.ZERO ? 0 : b.negative ? -1 : 1;
    if (signA != signB || signA == 0) {
      return Integer.compare(signA, signB);
    }
    if (a.kind != b.kind) {
      return a.kind == ExtendedNumber.INFINITY ? signA : -signA;
    }
    if (a.kind == ExtendedNumber.INFINITY) {
      return 0;
    }
    int magnitudes = Integer.compare(a.exponent, b.exponent);
    return signA * (magnitudes != 0 ? magnitudes : Long.compareUnsigned(a.normal, b.normal));
  }

  /// The class of a, as FXAM tells it, without the sign.
  public static int classOf(ExtendedNumber a) {
    return switch (a.kind) {
      case ExtendedNumber.UNSUPPORTED -> 0;
      case ExtendedNumber.QUIET_NAN, ExtendedNumber.SIGNALLING_NAN -> C0;
      case ExtendedNumber.INFINITY -> C2 | C0;
      case ExtendedNumber.ZERO -> C3;
      default -> a.denormal ? C3 | C2 : C2;
    };
  }
}
