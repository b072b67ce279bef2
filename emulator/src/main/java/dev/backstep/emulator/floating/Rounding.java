package dev.backstep.emulator.floating;

/// The rounding that all formats share. SDM Vol. 1 "Rounding", "Numeric Underflow Exception".
public final class Rounding {
  private Rounding() {}

  /// What is below the first `bits` (1 to 64) bits of `high:low`, as a fraction of the lowest of
  /// them: bit 63 is one half, and the lowest bit stands for all beyond it.
  public static long rest(long high, long low, int bits) {
    return bits == 64 ? low : high << bits | (low == 0 ? 0 : 1);
  }

  /// Whether a significand is rounded away from zero. Raises nothing.
  ///
  /// @param odd its lowest bit
  /// @param rest see [#rest]
  public static boolean isAway(int rounding, boolean negative, boolean odd, long rest) {
    if (rest == 0) {
      return false;
    }
    return switch (rounding) {
      case FloatEnvironment.NEAREST -> rest < 0 && (odd || rest != Long.MIN_VALUE);
      case FloatEnvironment.DOWN -> negative;
      case FloatEnvironment.UP -> !negative;
      default -> false;
    };
  }

  /// Whether an infinity, not the largest number, is the result of a masked overflow.
  public static boolean overflowsToInfinity(int rounding, boolean negative) {
    return rounding == FloatEnvironment.NEAREST
        || rounding == (negative ? FloatEnvironment.DOWN : FloatEnvironment.UP);
  }

  /// Whether the number in `e`, rounded to `bits` bits as if exponents had no end, needs an
  /// exponent larger by one.
  public static boolean carries(FloatEnvironment e, int bits) {
    return e.high >> 64 - bits == -1
        && isAway(e.rounding, e.negative, true, rest(e.high, e.low, bits));
  }

  /// The number in `e` with `shift` (at least 1) leading zeros in its significand: as a denormal
  /// number has it.
  public static void denormalise(FloatEnvironment e, int shift) {
    e.low = Arithmetic.shiftedLow(e.high, e.low, shift);
    e.high = shift < 64 ? e.high >>> shift : 0;
    e.exponent += shift;
  }
}
