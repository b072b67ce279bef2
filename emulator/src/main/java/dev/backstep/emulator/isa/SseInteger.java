package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.Registers.LOW_32;

/// Packed integer arithmetic, comparison and shifts, on one 64-bit lane: MMX registers are one
/// lane, XMM registers two, YMM registers four. SDM Vol. 2 "PADDB" to "PXOR", "VPSLLVD". None of
/// them sets flags.
///
/// Sums, differences and equalities are formed for all elements at once, with the elements' top
/// bits kept from carrying into their neighbours.
public final class SseInteger {
  private static final long HIGH_8 = 0x8080_8080_8080_8080L;
  private static final long HIGH_16 = 0x8000_8000_8000_8000L;
  private static final long HIGH_32 = 0x8000_0000_8000_0000L;

  private SseInteger() {}

  public static long pand(long a, long b) {
    return a & b;
  }

  public static long pandn(long a, long b) {
    return ~a & b;
  }

  public static long por(long a, long b) {
    return a | b;
  }

  public static long pxor(long a, long b) {
    return a ^ b;
  }

  public static long paddb(long a, long b) {
    return add(a, b, HIGH_8);
  }

  public static long paddw(long a, long b) {
    return add(a, b, HIGH_16);
  }

  public static long paddd(long a, long b) {
    return add(a, b, HIGH_32);
  }

  public static long paddq(long a, long b) {
    return a + b;
  }

  public static long psubb(long a, long b) {
    return subtract(a, b, HIGH_8);
  }

  public static long psubw(long a, long b) {
    return subtract(a, b, HIGH_16);
  }

  public static long psubd(long a, long b) {
    return subtract(a, b, HIGH_32);
  }

  public static long psubq(long a, long b) {
    return a - b;
  }

  /// `high` has the top bit of each element.
  private static long add(long a, long b, long high) {
    return (a & ~high) + (b & ~high) ^ (a ^ b) & high;
  }

  private static long subtract(long a, long b, long high) {
    return (a | high) - (b & ~high) ^ (a ^ ~b) & high;
  }

  public static long pcmpeqb(long a, long b) {
    return (zeroes(a ^ b, HIGH_8) >>> 7) * 0xFFL;
  }

  public static long pcmpeqw(long a, long b) {
    return (zeroes(a ^ b, HIGH_16) >>> 15) * 0xFFFFL;
  }

  public static long pcmpeqd(long a, long b) {
    return (zeroes(a ^ b, HIGH_32) >>> 31) * 0xFFFF_FFFFL;
  }

  /// The top bit of each element that is zero.
  private static long zeroes(long a, long high) {
    return ~((a & ~high) + ~high | a) & high;
  }

  public static long pcmpgtb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (byte) (a >>> k);
      int y = (byte) (b >>> k);
      result |= ((x > y ? -1L : 0) & 0xFFL) << k;
    }
    return result;
  }

  public static long pcmpgtw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (short) (a >>> k);
      int y = (short) (b >>> k);
      result |= ((x > y ? -1L : 0) & 0xFFFFL) << k;
    }
    return result;
  }

  public static long pcmpgtd(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 32) {
      int x = (int) (a >>> k);
      int y = (int) (b >>> k);
      result |= ((x > y ? -1L : 0) & 0xFFFF_FFFFL) << k;
    }
    return result;
  }

  public static long paddsb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (byte) (a >>> k);
      int y = (byte) (b >>> k);
      result |= ((long) Math.clamp(x + y, Byte.MIN_VALUE, Byte.MAX_VALUE) & 0xFFL) << k;
    }
    return result;
  }

  public static long psubsb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (byte) (a >>> k);
      int y = (byte) (b >>> k);
      result |= ((long) Math.clamp(x - y, Byte.MIN_VALUE, Byte.MAX_VALUE) & 0xFFL) << k;
    }
    return result;
  }

  public static long paddsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (short) (a >>> k);
      int y = (short) (b >>> k);
      result |= ((long) Math.clamp(x + y, Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFFL) << k;
    }
    return result;
  }

  public static long psubsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (short) (a >>> k);
      int y = (short) (b >>> k);
      result |= ((long) Math.clamp(x - y, Short.MIN_VALUE, Short.MAX_VALUE) & 0xFFFFL) << k;
    }
    return result;
  }

  public static long paddusb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (int) (a >>> k) & 0xFF;
      int y = (int) (b >>> k) & 0xFF;
      result |= ((long) Math.min(x + y, 0xFF) & 0xFFL) << k;
    }
    return result;
  }

  public static long psubusb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (int) (a >>> k) & 0xFF;
      int y = (int) (b >>> k) & 0xFF;
      result |= ((long) Math.max(x - y, 0) & 0xFFL) << k;
    }
    return result;
  }

  public static long paddusw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (int) (a >>> k) & 0xFFFF;
      int y = (int) (b >>> k) & 0xFFFF;
      result |= ((long) Math.min(x + y, 0xFFFF) & 0xFFFFL) << k;
    }
    return result;
  }

  public static long psubusw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (int) (a >>> k) & 0xFFFF;
      int y = (int) (b >>> k) & 0xFFFF;
      result |= ((long) Math.max(x - y, 0) & 0xFFFFL) << k;
    }
    return result;
  }

  public static long pminub(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (int) (a >>> k) & 0xFF;
      int y = (int) (b >>> k) & 0xFF;
      result |= ((long) Math.min(x, y) & 0xFFL) << k;
    }
    return result;
  }

  public static long pmaxub(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (int) (a >>> k) & 0xFF;
      int y = (int) (b >>> k) & 0xFF;
      result |= ((long) Math.max(x, y) & 0xFFL) << k;
    }
    return result;
  }

  public static long pminsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (short) (a >>> k);
      int y = (short) (b >>> k);
      result |= ((long) Math.min(x, y) & 0xFFFFL) << k;
    }
    return result;
  }

  public static long pmaxsw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (short) (a >>> k);
      int y = (short) (b >>> k);
      result |= ((long) Math.max(x, y) & 0xFFFFL) << k;
    }
    return result;
  }

  public static long pavgb(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 8) {
      int x = (int) (a >>> k) & 0xFF;
      int y = (int) (b >>> k) & 0xFF;
      result |= ((long) (x + y + 1 >> 1) & 0xFFL) << k;
    }
    return result;
  }

  public static long pavgw(long a, long b) {
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      int x = (int) (a >>> k) & 0xFFFF;
      int y = (int) (b >>> k) & 0xFFFF;
      result |= ((long) (x + y + 1 >> 1) & 0xFFFFL) << k;
    }
    return result;
  }

  // Shifts: a count beyond the element's width shifts everything out.

  public static long psllw(long a, int count) {
    long kept = (0xFFFF << count & 0xFFFFL) * 0x0001_0001_0001_0001L;
    return count > 15 ? 0 : a << count & kept;
  }

  public static long pslld(long a, int count) {
    long kept = (0xFFFF_FFFFL << count & 0xFFFF_FFFFL) * 0x0000_0001_0000_0001L;
    return count > 31 ? 0 : a << count & kept;
  }

  public static long psllq(long a, int count) {
    return count > 63 ? 0 : a << count;
  }

  public static long psrlw(long a, int count) {
    return count > 15 ? 0 : a >>> count & (0xFFFF >> count) * 0x0001_0001_0001_0001L;
  }

  public static long psrld(long a, int count) {
    return count > 31 ? 0 : a >>> count & (0xFFFF_FFFFL >> count) * 0x0000_0001_0000_0001L;
  }

  public static long psrlq(long a, int count) {
    return count > 63 ? 0 : a >>> count;
  }

  public static long psraw(long a, int count) {
    int n = Math.min(count, 15);
    long result = 0;
    for (int k = 0; k < 64; k += 16) {
      result |= ((short) (a >>> k) >> n & 0xFFFFL) << k;
    }
    return result;
  }

  public static long psrad(long a, int count) {
    int n = Math.min(count, 31);
    long high = a >> 32 >> n << 32;
    return high | (int) a >> n & 0xFFFF_FFFFL;
  }

  // Shifts by a count for each element.

  public static long psllvd(long a, long b) {
    return psllvdLow(a, b) | psllvdLow(a >>> 32, b >>> 32) << 32;
  }

  private static long psllvdLow(long a, long b) {
    return (b & LOW_32) > 31 ? 0 : a << (int) b & LOW_32;
  }

  public static long psllvq(long a, long b) {
    return Long.compareUnsigned(b, 63) > 0 ? 0 : a << (int) b;
  }

  public static long psrlvd(long a, long b) {
    return psrlvdLow(a, b) | psrlvdLow(a >>> 32, b >>> 32) << 32;
  }

  private static long psrlvdLow(long a, long b) {
    return (b & LOW_32) > 31 ? 0 : (a & LOW_32) >>> (int) b;
  }

  public static long psrlvq(long a, long b) {
    return Long.compareUnsigned(b, 63) > 0 ? 0 : a >>> (int) b;
  }

  public static long psravd(long a, long b) {
    return psravdLow(a, b) | psravdLow(a >>> 32, b >>> 32) << 32;
  }

  private static long psravdLow(long a, long b) {
    return (int) a >> (int) Math.min(b & LOW_32, 31) & LOW_32;
  }
}
