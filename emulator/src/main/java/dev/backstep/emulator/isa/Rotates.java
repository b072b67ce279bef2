package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Rotates, which change CF and OF only. SDM Vol. 2 "RCL/RCR/ROL/ROR".
///
/// Counts are taken modulo 32, or 64 for 64-bit operands; if that leaves zero, no flag changes.
/// Rotates through carry then take 8-bit counts modulo 9 and 16-bit counts modulo 17. OF for counts
/// other than 1: as in [Shifts].
public final class Rotates {
  private Rotates() {}

  public static long rol8(Vcpu c, long a, long count) {
    return left(c, a & 0xFF, (int) count & 31, 8);
  }

  public static long rol16(Vcpu c, long a, long count) {
    return left(c, a & 0xFFFF, (int) count & 31, 16);
  }

  public static long rol32(Vcpu c, long a, long count) {
    return left(c, a & 0xFFFF_FFFFL, (int) count & 31, 32);
  }

  public static long rol64(Vcpu c, long a, long count) {
    int n = (int) count & 63;
    return n == 0 ? a : afterLeft(c, Long.rotateLeft(a, n), 64);
  }

  public static long ror8(Vcpu c, long a, long count) {
    return right(c, a & 0xFF, (int) count & 31, 8);
  }

  public static long ror16(Vcpu c, long a, long count) {
    return right(c, a & 0xFFFF, (int) count & 31, 16);
  }

  public static long ror32(Vcpu c, long a, long count) {
    return right(c, a & 0xFFFF_FFFFL, (int) count & 31, 32);
  }

  public static long ror64(Vcpu c, long a, long count) {
    int n = (int) count & 63;
    return n == 0 ? a : afterRight(c, Long.rotateRight(a, n), 64);
  }

  public static long rcl8(Vcpu c, long a, long count) {
    return throughCarryLeft(c, a & 0xFF, ((int) count & 31) % 9, 8);
  }

  public static long rcl16(Vcpu c, long a, long count) {
    return throughCarryLeft(c, a & 0xFFFF, ((int) count & 31) % 17, 16);
  }

  public static long rcl32(Vcpu c, long a, long count) {
    return throughCarryLeft(c, a & 0xFFFF_FFFFL, (int) count & 31, 32);
  }

  public static long rcl64(Vcpu c, long a, long count) {
    return throughCarryLeft(c, a, (int) count & 63, 64);
  }

  public static long rcr8(Vcpu c, long a, long count) {
    return throughCarryRight(c, a & 0xFF, ((int) count & 31) % 9, 8);
  }

  public static long rcr16(Vcpu c, long a, long count) {
    return throughCarryRight(c, a & 0xFFFF, ((int) count & 31) % 17, 16);
  }

  public static long rcr32(Vcpu c, long a, long count) {
    return throughCarryRight(c, a & 0xFFFF_FFFFL, (int) count & 31, 32);
  }

  public static long rcr64(Vcpu c, long a, long count) {
    return throughCarryRight(c, a, (int) count & 63, 64);
  }

  /// `a` is zero-extended; `width` is 8, 16 or 32, so that nothing is lost in 64 bits.
  private static long left(Vcpu c, long a, int count, int width) {
    if (count == 0) {
      return a;
    }
    int n = count & width - 1;
    return afterLeft(c, a << n | a >>> width - n, width);
  }

  private static long right(Vcpu c, long a, int count, int width) {
    if (count == 0) {
      return a;
    }
    int n = count & width - 1;
    return afterRight(c, a >>> n | a << width - n, width);
  }

  private static long afterLeft(Vcpu c, long result, int width) {
    flags(c, result & 1, (result ^ result >>> width - 1) & 1);
    return result;
  }

  private static long afterRight(Vcpu c, long result, int width) {
    flags(c, result >>> width - 1 & 1, Shifts.topBitsDiffer(result, width));
    return result;
  }

  private static long throughCarryLeft(Vcpu c, long a, int n, int width) {
    if (n == 0) {
      return a;
    }
    // Shifting by width - n + 1 in two steps: for n = 1 and 64 bits it is a shift by 64.
    long result = a << n | IntAlu.carry(c) << n - 1 | a >>> width - n >>> 1;
    long carry = a >>> width - n & 1;
    flags(c, carry, (carry ^ result >>> width - 1) & 1);
    return result;
  }

  private static long throughCarryRight(Vcpu c, long a, int n, int width) {
    if (n == 0) {
      return a;
    }
    long result = a >>> n | IntAlu.carry(c) << width - n | a << width - n << 1;
    flags(c, a >>> n - 1 & 1, Shifts.topBitsDiffer(result, width));
    return result;
  }

  private static void flags(Vcpu c, long carry, long overflow) {
    long others = Rflags.arithmetic(c) & ~(Rflags.CF | Rflags.OF);
    Rflags.setArithmetic(c, others | carry | overflow << 11);
  }
}
