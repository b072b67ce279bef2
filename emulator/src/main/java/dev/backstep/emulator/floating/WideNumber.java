package dev.backstep.emulator.floating;

/// A floating-point number with a 128-bit significand, cut off, not rounded: what transcendental
/// functions are computed in. An operation is wrong by a few units of 2^-127 at most; the 64 bits
/// that remain of the result are then as good as exact.
///
/// Mutable: operations change the number they are called on.
final class WideNumber {
  boolean negative;
  int exponent;

  // Magnitude = high:low / 2^127 * 2^exponent, with bit 63 of high set; zero if high is 0.
  long high;
  long low;

  WideNumber() {}

  WideNumber(int exponent, long high, long low) {
    this.exponent = exponent;
    this.high = high;
    this.low = low;
  }

  WideNumber set(boolean newNegative, int newExponent, long newHigh, long newLow) {
    negative = newNegative;
    exponent = newExponent;
    high = newHigh;
    low = newLow;
    return this;
  }

  WideNumber set(WideNumber other) {
    return set(other.negative, other.exponent, other.high, other.low);
  }

  /// A finite number other than zero.
  WideNumber set(ExtendedNumber n) {
    return set(n.negative, n.exponent, n.normal, 0);
  }

  WideNumber set(int value) {
    if (value == 0) {
      return set(false, 0, 0, 0);
    }
    long magnitude = Math.abs((long) value);
    int shift = Long.numberOfLeadingZeros(magnitude);
    return set(value < 0, 63 - shift, magnitude << shift, 0);
  }

  WideNumber negate() {
    negative = !negative;
    return this;
  }

  WideNumber multiply(WideNumber by) {
    if (high == 0 || by.high == 0) {
      return set(false, 0, 0, 0);
    }
    long cross1 = high * by.low;
    long cross2 = low * by.high;
    long below = cross1 + cross2;
    long carries = isBelow(below, cross1);
    long third = below + Math.unsignedMultiplyHigh(low, by.low);
    carries += isBelow(third, below);
    long newLow = high * by.high;
    long newHigh = Math.unsignedMultiplyHigh(high, by.high);
    newHigh += isBelow(newLow + carries, carries);
    newLow += carries;
    long upper1 = Math.unsignedMultiplyHigh(high, by.low);
    newLow += upper1;
    newHigh += isBelow(newLow, upper1);
    long upper2 = Math.unsignedMultiplyHigh(low, by.high);
    newLow += upper2;
    newHigh += isBelow(newLow, upper2);
    int newExponent = exponent + by.exponent + 1;
    if (newHigh >= 0) {
      newHigh = newHigh << 1 | newLow >>> 63;
      newLow = newLow << 1 | third >>> 63;
      newExponent--;
    }
    return set(negative != by.negative, newExponent, newHigh, newLow);
  }

  /// 1 if unsigned `a` is below `b`: a sum that is below a summand carried.
  private static long isBelow(long a, long b) {
    return Long.compareUnsigned(a, b) < 0 ? 1 : 0;
  }

  WideNumber add(WideNumber other) {
    return add(other.negative, other.exponent, other.high, other.low);
  }

  WideNumber subtract(WideNumber other) {
    return add(!other.negative, other.exponent, other.high, other.low);
  }

  WideNumber add(boolean otherNegative, int otherExponent, long otherHigh, long otherLow) {
    if (otherHigh == 0) {
      return this;
    }
    if (high == 0) {
      return set(otherNegative, otherExponent, otherHigh, otherLow);
    }
    boolean swap =
        exponent < otherExponent
            || exponent == otherExponent && isLess(high, low, otherHigh, otherLow);
    if (swap) {
      long small = high;
      long smallLow = low;
      int smallExponent = exponent;
      boolean smallNegative = negative;
      set(otherNegative, otherExponent, otherHigh, otherLow);
      return addSmaller(smallNegative, smallExponent, small, smallLow);
    }
    return addSmaller(otherNegative, otherExponent, otherHigh, otherLow);
  }

  private WideNumber addSmaller(boolean otherNegative, int otherExponent, long big, long small) {
    int shift = exponent - otherExponent;
    if (shift > 127) {
      return this;
    }
    long otherHigh = shift > 63 ? 0 : big >>> shift;
    long otherLow =
        shift > 63 ? big >>> shift - 64 : shift == 0 ? small : big << 64 - shift | small >>> shift;
    if (otherNegative == negative) {
      long newLow = low + otherLow;
      long withCarry = otherHigh + isBelow(newLow, low);
      long newHigh = high + withCarry;
      if (isBelow(newHigh, high) != 0 || withCarry == 0 && otherHigh != 0) {
        return set(negative, exponent + 1, newHigh >>> 1 | 1L << 63, newHigh << 63 | newLow >>> 1);
      }
      return set(negative, exponent, newHigh, newLow);
    }
    long newHigh = high - otherHigh - isBelow(low, otherLow);
    return normalise(negative, exponent, newHigh, low - otherLow);
  }

  private WideNumber normalise(boolean newNegative, int newExponent, long newHigh, long newLow) {
    if (newHigh == 0) {
      if (newLow == 0) {
        return set(false, 0, 0, 0);
      }
      int shift = Long.numberOfLeadingZeros(newLow);
      return set(newNegative, newExponent - 64 - shift, newLow << shift, 0);
    }
    int shift = Long.numberOfLeadingZeros(newHigh);
    long shifted = shift == 0 ? newHigh : newHigh << shift | newLow >>> 64 - shift;
    return set(newNegative, newExponent - shift, shifted, newLow << shift);
  }

  private static boolean isLess(long highA, long lowA, long highB, long lowB) {
    int order = Long.compareUnsigned(highA, highB);
    return order < 0 || order == 0 && Long.compareUnsigned(lowA, lowB) < 0;
  }

  /// Divides by a number that is not zero, bit by bit.
  WideNumber divide(WideNumber by) {
    if (high == 0) {
      return this;
    }
    long restHigh = high;
    long restLow = low;
    int newExponent = exponent - by.exponent;
    boolean carry = false;
    if (isLess(restHigh, restLow, by.high, by.low)) {
      newExponent--;
      carry = true; // The leading bit is set, and moves out.
      restHigh = restHigh << 1 | restLow >>> 63;
      restLow <<= 1;
    }
    long newHigh = 0;
    long newLow = 0;
    for (int k = 0; k < 128; k++) {
      newHigh = newHigh << 1 | newLow >>> 63;
      newLow <<= 1;
      if (carry || !isLess(restHigh, restLow, by.high, by.low)) {
        restHigh = restHigh - by.high - isBelow(restLow, by.low);
        restLow -= by.low;
        newLow |= 1;
      }
      carry = restHigh < 0;
      restHigh = restHigh << 1 | restLow >>> 63;
      restLow <<= 1;
    }
    return set(negative != by.negative, newExponent, newHigh, newLow);
  }

  /// Less by one unit in the last place: for a result that the cut-off made too large.
  WideNumber reduce() {
    if (high == 1L << 63 && low == 0) {
      return set(negative, exponent - 1, -1L, -1L);
    }
    high -= low == 0 ? 1 : 0;
    low--;
    return this;
  }
}
