package dev.backstep.emulator.isa;

/// Division of an unsigned 128-bit number by a 64-bit one.
final class LongDivision {
  private static final long LOW_32 = 0xFFFF_FFFFL;
  private static final long BASE = 1L << 32;

  private LongDivision() {}

  /// `high:low / divisor`, which must fit 64 bits: `high < divisor`, unsigned.
  ///
  /// Knuth, "The Art of Computer Programming", Vol. 2, Algorithm D with two 32-bit digits.
  static long quotient(long high, long low, long divisor) {
    if (high == 0) {
      return Long.divideUnsigned(low, divisor);
    }
    int shift = Long.numberOfLeadingZeros(divisor);
    long v = divisor << shift;
    // The first shift is by 64 when nothing is to be shifted in: done in two steps.
    long upper = high << shift | low >>> 1 >>> 63 - shift;
    long lower = low << shift;
    long digit1 = digit(upper, lower >>> 32, v);
    long rest = (upper << 32 | lower >>> 32) - digit1 * v;
    long digit0 = digit(rest, lower & LOW_32, v);
    return (digit1 << 32) + digit0;
  }

  /// One digit of the quotient: `(rest:next) / v`, where `v` has its top bit set and `rest < v`.
  private static long digit(long rest, long next, long v) {
    long vHigh = v >>> 32;
    long vLow = v & LOW_32;
    long digit = Long.divideUnsigned(rest, vHigh);
    long left = rest - digit * vHigh;
    while (digit >= BASE || Long.compareUnsigned(digit * vLow, left << 32 | next) > 0) {
      digit--;
      left += vHigh;
      if (left >= BASE) {
        break;
      }
    }
    return digit;
  }
}
