package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Shifts. SDM Vol. 2 "SAL/SAR/SHL/SHR", "SHLD", "SHRD".
///
/// Counts are taken modulo 32, or 64 for 64-bit operands; a count of zero changes no flag. OF,
/// which the manual defines for a count of 1 only, is for larger counts what the circuit gives that
/// forms it for 1: the two upper bits of the last step disagree. AF is undefined and cleared.
public final class Shifts {
  private Shifts() {}

  public static long shl8(Vcpu c, long a, long count) {
    return left(c, a, (int) count & 31, 8);
  }

  public static long shl16(Vcpu c, long a, long count) {
    return left(c, a, (int) count & 31, 16);
  }

  public static long shl32(Vcpu c, long a, long count) {
    return left(c, a, (int) count & 31, 32);
  }

  public static long shl64(Vcpu c, long a, long count) {
    return left(c, a, (int) count & 63, 64);
  }

  public static long shr8(Vcpu c, long a, long count) {
    return right(c, a & 0xFF, a, (int) count & 31, 8);
  }

  public static long shr16(Vcpu c, long a, long count) {
    return right(c, a & 0xFFFF, a, (int) count & 31, 16);
  }

  public static long shr32(Vcpu c, long a, long count) {
    return right(c, a & 0xFFFF_FFFFL, a, (int) count & 31, 32);
  }

  public static long shr64(Vcpu c, long a, long count) {
    return right(c, a, a, (int) count & 63, 64);
  }

  public static long sar8(Vcpu c, long a, long count) {
    return arithmetic(c, a, (int) count & 31);
  }

  public static long sar16(Vcpu c, long a, long count) {
    return arithmetic(c, a, (int) count & 31);
  }

  public static long sar32(Vcpu c, long a, long count) {
    return arithmetic(c, a, (int) count & 31);
  }

  public static long sar64(Vcpu c, long a, long count) {
    return arithmetic(c, a, (int) count & 63);
  }

  /// SHLD with 16-bit operands and a count above 16 (undefined in the manual) shifts the
  /// destination in once more behind the source, as processors since the P6 do.
  public static long shld16(Vcpu c, long a, long b, long count) {
    int n = (int) count & 31;
    if (n == 0) {
      return a;
    }
    long chain = (a & 0xFFFF) << 32 | (b & 0xFFFF) << 16 | a & 0xFFFF;
    long carry = chain >>> 48 - n & 1;
    short result = (short) (chain << n >>> 32);
    return flags(c, carry, result < 0 ? carry ^ 1 : carry, result);
  }

  public static long shld32(Vcpu c, long a, long b, long count) {
    int n = (int) count & 31;
    if (n == 0) {
      return a;
    }
    long carry = a >>> 32 - n & 1;
    int result = (int) a << n | (int) b >>> 32 - n;
    return flags(c, carry, result < 0 ? carry ^ 1 : carry, result);
  }

  public static long shld64(Vcpu c, long a, long b, long count) {
    int n = (int) count & 63;
    if (n == 0) {
      return a;
    }
    long carry = a >>> 64 - n & 1;
    long result = a << n | b >>> 64 - n;
    return flags(c, carry, result < 0 ? carry ^ 1 : carry, result);
  }

  public static long shrd16(Vcpu c, long a, long b, long count) {
    int n = (int) count & 31;
    if (n == 0) {
      return a;
    }
    long chain = (a & 0xFFFF) << 32 | (b & 0xFFFF) << 16 | a & 0xFFFF;
    short result = (short) (chain >>> n);
    return flags(c, chain >>> n - 1 & 1, topBitsDiffer(result, 16), result);
  }

  public static long shrd32(Vcpu c, long a, long b, long count) {
    int n = (int) count & 31;
    if (n == 0) {
      return a;
    }
    int result = (int) a >>> n | (int) b << 32 - n;
    return flags(c, a >>> n - 1 & 1, topBitsDiffer(result, 32), result);
  }

  public static long shrd64(Vcpu c, long a, long b, long count) {
    int n = (int) count & 63;
    if (n == 0) {
      return a;
    }
    long result = a >>> n | b << 64 - n;
    return flags(c, a >>> n - 1 & 1, topBitsDiffer(result, 64), result);
  }

  private static long left(Vcpu c, long a, int n, int width) {
    if (n == 0) {
      return a;
    }
    long carry = n <= width ? a >>> width - n & 1 : 0;
    long result = a << n << 64 - width >> 64 - width;
    return flags(c, carry, result < 0 ? carry ^ 1 : carry, result);
  }

  private static long right(Vcpu c, long zeroExtended, long a, int n, int width) {
    if (n == 0) {
      return a;
    }
    long result = zeroExtended >>> n;
    return flags(c, zeroExtended >>> n - 1 & 1, topBitsDiffer(result, width), result);
  }

  private static long arithmetic(Vcpu c, long a, int n) {
    return n == 0 ? a : flags(c, a >> n - 1 & 1, 0, a >> n);
  }

  /// 1 if the two most significant bits of a `width`-bit number differ.
  static long topBitsDiffer(long value, int width) {
    return (value >>> width - 1 ^ value >>> width - 2) & 1;
  }

  private static long flags(Vcpu c, long carry, long overflow, long result) {
    c.flagKind = Rflags.RESULT;
    c.flagA = carry | overflow << 11;
    c.flagResult = result;
    return result;
  }
}
