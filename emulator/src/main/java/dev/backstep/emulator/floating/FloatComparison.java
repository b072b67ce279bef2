package dev.backstep.emulator.floating;

/// Comparisons. SDM Vol. 2 "CMPPD", "COMISD", "UCOMISD".
public final class FloatComparison {
  public static final int LESS = -1;
  public static final int EQUAL = 0;
  public static final int GREATER = 1;
  public static final int UNORDERED = 2;

  /// Bit `p` is set if predicate `p` of CMPPD signals QNaNs, too. SDM Vol. 2 "CMPPD", table
  /// "Comparison Predicate for VCMPPD": LT_OS, LE_OS, NLT_US, NLE_US, NGE_US, NGT_US, GE_OS, GT_OS
  /// and, from 16 on, the others.
  private static final int SIGNALLING = 0x9999_6666;

  /// Bit `p & 15` is set if the predicate holds for this relation: EQ LT LE UNORD NEQ NLT NLE ORD
  /// EQ_U NGE NGT FALSE NEQ_O GE GT TRUE, of which the second sixteen differ only in signalling.
  private static final int HOLDS_LESS = bits("0110100101101001");

  private static final int HOLDS_EQUAL = bits("1010010110100101");
  private static final int HOLDS_GREATER = bits("0000111100001111");
  private static final int HOLDS_UNORDERED = bits("0001111011100001");

  private FloatComparison() {}

  private static int bits(String fromBitZero) {
    return Integer.reverse(Integer.parseUnsignedInt(fromBitZero, 2)) >>> 16;
  }

  /// The relation of two operands. SNaNs are invalid.
  public static int compareQuietly(FloatFormat f, FloatEnvironment e, long a, long b) {
    if (f.isNan(a) || f.isNan(b)) {
      if (f.isSignalling(a) || f.isSignalling(b)) {
        e.flags |= FloatEnvironment.INVALID;
      }
      return UNORDERED;
    }
    return order(f, f.operand(e, a), f.operand(e, b));
  }

  /// The relation of two operands. All NaNs are invalid.
  public static int compare(FloatFormat f, FloatEnvironment e, long a, long b) {
    if (f.isNan(a) || f.isNan(b)) {
      e.flags |= FloatEnvironment.INVALID;
      return UNORDERED;
    }
    return order(f, f.operand(e, a), f.operand(e, b));
  }

  /// Whether a predicate of CMPPD (0 to 31) holds.
  public static boolean holds(FloatFormat f, FloatEnvironment e, long a, long b, int predicate) {
    boolean signalling = (SIGNALLING >>> predicate & 1) != 0;
    int relation = signalling ? compare(f, e, a, b) : compareQuietly(f, e, a, b);
    int holding =
        switch (relation) {
          case LESS -> HOLDS_LESS;
          case EQUAL -> HOLDS_EQUAL;
          case GREATER -> HOLDS_GREATER;
          default -> HOLDS_UNORDERED;
        };
    return (holding >>> (predicate & 15) & 1) != 0;
  }

  /// The relation of two numbers, infinities included.
  static int order(FloatFormat f, long a, long b) {
    // Two's complement orders what sign and magnitude orders; both zeros are 0.
    long x = f.isNegative(a) ? -f.magnitude(a) : a;
    long y = f.isNegative(b) ? -f.magnitude(b) : b;
    return Long.compare(x, y);
  }
}
