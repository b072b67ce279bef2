package dev.backstep.emulator.floating;

/// Exact arithmetic on finite numbers of any format with up to 64 bits of significand. What it
/// leaves in the environment is the result before rounding.
///
/// An operand is a sign, an unbiased exponent and a significand whose leading bit is bit 63; zero
/// is significand 0. Its value is `significand / 2^63 * 2^exponent`.
public final class Arithmetic {
  private static final long TOP = Long.MIN_VALUE;
  private static final long LOW_32 = 0xFFFF_FFFFL;

  private Arithmetic() {}

  /// Leaves the sum. For a difference, the sign of `b` is turned over.
  public static void add(
      FloatEnvironment e,
      boolean negativeA,
      int exponentA,
      long a,
      boolean negativeB,
      int exponentB,
      long b) {
    add(e, negativeA, exponentA, a, 0, negativeB, exponentB, b, 0);
  }

  /// Leaves the sum of two numbers with 128-bit significands `high:low`. It is exact to a sticky
  /// bit if the one with the larger exponent has its lowest bit clear.
  static void add(
      FloatEnvironment e,
      boolean negativeA,
      int exponentA,
      long highA,
      long lowA,
      boolean negativeB,
      int exponentB,
      long highB,
      long lowB) {
    int shift = exponentA - exponentB;
    if (highA == 0 || highB == 0) {
      // Zeros of unlike sign: IEEE 754, 6.3.
      boolean unlike = (highA | highB) == 0 && negativeA != negativeB;
      boolean negative = highA == 0 ? negativeB : negativeA;
      int exponent = highA == 0 ? exponentB : exponentA;
      boolean sign = unlike ? e.rounding == FloatEnvironment.DOWN : negative;
      leave(e, sign, exponent, highA | highB, lowA | lowB);
    } else if (shift > 0 || shift == 0 && !isLess(highA, lowA, highB, lowB)) {
      addLess(e, negativeA, exponentA, highA, lowA, negativeB, shift, highB, lowB);
    } else {
      addLess(e, negativeB, exponentB, highB, lowB, negativeA, -shift, highA, lowA);
    }
  }

  /// Adds a number of less magnitude, whose exponent is less by `shift`.
  private static void addLess(
      FloatEnvironment e,
      boolean negativeA,
      int exponentA,
      long highA,
      long lowA,
      boolean negativeB,
      int shift,
      long highB,
      long lowB) {
    long low = shiftedLow(highB, lowB, shift);
    long high = shift < 64 ? highB >>> shift : 0;
    if (negativeA == negativeB) {
      leaveSum(e, negativeA, exponentA, highA, lowA, high, low);
    } else {
      leaveDifference(e, negativeA, exponentA, highA, lowA, high, low);
    }
  }

  private static void leaveSum(
      FloatEnvironment e,
      boolean negative,
      int exponent,
      long highA,
      long lowA,
      long highB,
      long lowB) {
    long low = lowA + lowB;
    long carry = (lowA & lowB | (lowA | lowB) & ~low) >>> 63;
    long high = highA + highB + carry;
    int order = Long.compareUnsigned(high, highA);
    if (order > 0 || order == 0 && carry == 0) {
      leave(e, negative, exponent, high, low);
      return;
    }
    leave(e, negative, exponent + 1, high >>> 1 | TOP, low >>> 1 | low & 1 | high << 63);
  }

  private static void leaveDifference(
      FloatEnvironment e,
      boolean negative,
      int exponent,
      long highA,
      long lowA,
      long highB,
      long lowB) {
    long low = lowA - lowB;
    long borrow = Long.compareUnsigned(lowA, lowB) < 0 ? 1 : 0;
    long high = highA - highB - borrow;
    if (high == 0) {
      if (low == 0) {
        leave(e, e.rounding == FloatEnvironment.DOWN, 0, 0, 0);
        return;
      }
      int zeros = Long.numberOfLeadingZeros(low);
      leave(e, negative, exponent - 64 - zeros, low << zeros, 0);
      return;
    }
    int zeros = Long.numberOfLeadingZeros(high);
    leave(e, negative, exponent - zeros, high << zeros | low >>> 1 >>> 63 - zeros, low << zeros);
  }

  /// Leaves the product.
  public static void multiply(
      FloatEnvironment e, boolean negative, int exponentA, long a, int exponentB, long b) {
    long high = Math.unsignedMultiplyHigh(a, b);
    long low = a * b;
    int exponent = exponentA + exponentB;
    if (high < 0) {
      leave(e, negative, exponent + 1, high, low);
      return;
    }
    leave(e, negative, exponent, high << 1 | low >>> 63, low << 1);
  }

  /// Leaves the quotient, to a sticky bit. `b` is not zero.
  public static void divide(
      FloatEnvironment e, boolean negative, int exponentA, long a, int exponentB, long b) {
    if (a == 0) {
      leave(e, negative, 0, 0, 0);
      return;
    }
    boolean less = Long.compareUnsigned(a, b) < 0;
    long high = less ? a : a >>> 1;
    long low = less ? 0 : a << 63;
    long quotient = quotient(high, low, b);
    long remainder = low - quotient * b;
    int exponent = exponentA - exponentB - (less ? 1 : 0);
    leave(e, negative, exponent, quotient, fraction(remainder, b));
  }

  /// `remainder / b`, less than 1, as 64-bit fraction: exactly compared with one half, and sticky.
  private static long fraction(long remainder, long b) {
    if (remainder == 0) {
      return 0;
    }
    int half = Long.compareUnsigned(remainder, b - remainder);
    return half == 0 ? TOP : half < 0 ? 1 : TOP | 1;
  }

  /// `high:low / b`, where `high` is less than `b` and bit 63 of `b` is set. Knuth, The Art of
  /// Computer Programming, Vol. 2, 4.3.1, Algorithm D, with digits of 32 bits.
  static long quotient(long high, long low, long b) {
    long first = digit(high, low >>> 32, b);
    long rest = (high << 32 | low >>> 32) - first * b;
    return first << 32 | digit(rest, low & LOW_32, b);
  }

  /// `high:next / b`, a digit.
  private static long digit(long high, long next, long b) {
    long topB = b >>> 32;
    long digit = Long.divideUnsigned(high, topB);
    long rest = high - digit * topB;
    while (rest <= LOW_32
        && (digit > LOW_32 || Long.compareUnsigned(digit * (b & LOW_32), rest << 32 | next) > 0)) {
      digit--;
      rest += topB;
    }
    return digit;
  }

  /// Leaves the square root of a positive number, to a sticky bit.
  public static void squareRoot(FloatEnvironment e, int exponent, long a) {
    boolean odd = (exponent & 1) != 0;
    long high = odd ? a : a >>> 1;
    long low = odd ? 0 : a << 63;
    long root = root(high, low);
    long square = root * root;
    long rest = low - square;
    long above =
        high
            - Math.unsignedMultiplyHigh(root, root)
            - (Long.compareUnsigned(low, square) < 0 ? 1 : 0);
    long fraction = 0;
    if ((above | rest) != 0) {
      // The root is more than root + 1/2 if the rest is more than root + 1/4.
      boolean more = above != 0 || Long.compareUnsigned(rest, root) > 0;
      fraction = more ? TOP | 1 : 1;
    }
    leave(e, false, exponent >> 1, root, fraction);
  }

  /// The integer part of the square root of `high:low`, where `high` is at least 2^62: the upper
  /// half by itself, the lower half by one division, which finds it or a little more.
  private static long root(long high, long low) {
    long upper = root(high);
    long rest = high - upper * upper;
    long lower = Long.divideUnsigned((rest << 31) + (low >>> 33), upper);
    long root = (upper << 32) + Math.min(lower, LOW_32);
    while (true) {
      long squareHigh = Math.unsignedMultiplyHigh(root, root);
      if (!isLess(high, low, squareHigh, root * root)) {
        return root;
      }
      root--;
    }
  }

  /// The integer part of the square root of an unsigned number. The estimate's own error does not
  /// matter.
  private static long root(long a) {
    long root = Math.min((long) StrictMath.sqrt((a >>> 1) * 2.0), LOW_32);
    while (Long.compareUnsigned(root * root, a) > 0) {
      root--;
    }
    while (root < LOW_32 && Long.compareUnsigned((root + 1) * (root + 1), a) <= 0) {
      root++;
    }
    return root;
  }

  private static boolean isLess(long highA, long lowA, long highB, long lowB) {
    int order = Long.compareUnsigned(highA, highB);
    return order < 0 || order == 0 && Long.compareUnsigned(lowA, lowB) < 0;
  }

  /// The lower half of `high:low >>> shift`; its lowest bit stands for all that are shifted out,
  /// too. `shift` is not negative.
  static long shiftedLow(long high, long low, int shift) {
    if (shift == 0) {
      return low;
    }
    if (shift < 64) {
      return high << 64 - shift | low >>> shift | sticky(low << 64 - shift);
    }
    if (shift < 128) {
      return high >>> shift - 64 | sticky(high << 1 << 127 - shift | low);
    }
    return sticky(high | low);
  }

  private static long sticky(long bits) {
    return bits == 0 ? 0 : 1;
  }

  private static void leave(
      FloatEnvironment e, boolean negative, int exponent, long high, long low) {
    e.negative = negative;
    e.exponent = exponent;
    e.high = high;
    e.low = low;
  }
}
