package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.FpuState;

/// Conversions between the x87's extended format and single and double precision. SDM Vol. 1
/// "Floating-Point Data Types", "Rounding"; results of masked exceptions: "x87 FPU Floating-Point
/// Exception Conditions".
///
/// Exact integer arithmetic: the host's floating point takes no part.
final class X87Formats {
  private static final int BIAS = 16383;
  private static final int MAX_EXPONENT = 0x7FFF;
  private static final long INTEGER_BIT = 1L << 63;
  private static final long QUIET_BIT = 1L << 62;
  private static final int ROUND_NEAREST = 0;
  private static final int ROUND_DOWN = 1;
  private static final int ROUND_UP = 2;

  private X87Formats() {}

  /// Puts a number of `precision` bits (24 or 53) into an x87 register.
  ///
  /// @param bits the number, zero-extended
  /// @return the exceptions met
  static int widen(FpuState fpu, int physical, long bits, int precision) {
    int width = precision == 24 ? 32 : 64;
    int exponentBits = width - precision;
    int bias = (1 << exponentBits - 1) - 1;
    int sign = (int) (bits >>> width - 1) << 15;
    int exponent = (int) (bits >>> precision - 1) & (1 << exponentBits) - 1;
    long fraction = bits << 65 - precision >>> 1;
    if (exponent == (1 << exponentBits) - 1) {
      X87Stack.store(fpu, physical, INTEGER_BIT | fraction, sign | MAX_EXPONENT);
      boolean signalling = fraction != 0 && (fraction & QUIET_BIT) == 0;
      fpu.significand[physical] |= signalling ? QUIET_BIT : 0;
      return signalling ? X87Stack.INVALID : 0;
    }
    if (exponent != 0) {
      X87Stack.store(fpu, physical, INTEGER_BIT | fraction, sign | exponent - bias + BIAS);
      return 0;
    }
    if (fraction == 0) {
      X87Stack.store(fpu, physical, 0, sign);
      return 0;
    }
    int shift = Long.numberOfLeadingZeros(fraction);
    X87Stack.store(fpu, physical, fraction << shift, sign | 1 - bias + BIAS - shift);
    return X87Stack.DENORMAL;
  }

  /// The number in an x87 register, rounded to `precision` bits (24 or 53). Exceptions met, and C1
  /// if it was rounded up, are added to the status word. What an unmasked overflow or underflow
  /// leaves unstored is not rounded, either.
  static long narrow(FpuState fpu, int physical, int precision) {
    long significand = fpu.significand[physical];
    int exponent = fpu.signExponent[physical] & MAX_EXPONENT;
    int width = precision == 24 ? 32 : 64;
    long sign = (long) (fpu.signExponent[physical] >> 15 & 1) << width - 1;
    long infinity = (1L << width - precision) - 1 << precision - 1;
    if (exponent != 0 && significand >= 0) {
      fpu.statusWord |= X87Stack.INVALID;
      return 1L << width - 1 | infinity | 1L << precision - 2;
    }
    if (exponent == MAX_EXPONENT) {
      return sign | infinity | narrowedNan(fpu, significand, precision);
    }
    if (significand == 0) {
      return sign;
    }
    int shift = Long.numberOfLeadingZeros(significand);
    int unbiased = Math.max(exponent, 1) - BIAS - shift;
    return sign | rounded(fpu, significand << shift, unbiased, precision, sign != 0);
  }

  /// Fraction bits of an infinity (none) or a NaN, made quiet.
  private static long narrowedNan(FpuState fpu, long significand, int precision) {
    long fraction = significand << 1 >>> 65 - precision;
    if (significand == INTEGER_BIT) {
      return 0;
    }
    fpu.statusWord |= (significand & QUIET_BIT) == 0 ? X87Stack.INVALID : 0;
    return fraction | 1L << precision - 2;
  }

  /// A normalised finite number as exponent and fraction bits.
  private static long rounded(
      FpuState fpu, long significand, int unbiased, int precision, boolean negative) {
    int exponentBits = precision == 24 ? 8 : 11;
    int bias = (1 << exponentBits - 1) - 1;
    int drop = 64 - precision;
    int direction = fpu.controlWord >> 10 & 3;
    int biased = unbiased + bias;
    // Tiny is what would be below the least normal number after rounding with an unbounded
    // exponent.
    boolean tiny =
        biased < 0
            || biased == 0 && increment(significand, drop, direction, negative) >>> precision == 0;
    int extra = biased > 0 ? 0 : Math.min(1 - biased, precision + 2);
    long result = increment(significand, drop + extra, direction, negative);
    boolean inexact = result << 1 << drop + extra - 1 != significand || drop + extra > 63;
    long bits = biased > 0 ? result + ((biased - 1L) << precision - 1) : result;
    if (biased > 2 * bias || bits >>> precision - 1 >= (1 << exponentBits) - 1) {
      return overflowed(fpu, precision, exponentBits, direction, negative);
    }
    if (tiny && (fpu.controlWord & X87Stack.UNDERFLOW) == 0) {
      fpu.statusWord |= X87Stack.UNDERFLOW;
      return 0;
    }
    if (tiny && inexact) {
      fpu.statusWord |= X87Stack.UNDERFLOW;
    }
    if (inexact) {
      boolean up = drop + extra > 63 ? result != 0 : result > significand >>> drop + extra;
      fpu.statusWord |= X87Stack.PRECISION | (up ? X87Stack.C1 : 0);
    }
    return bits;
  }

  private static long overflowed(
      FpuState fpu, int precision, int exponentBits, int direction, boolean negative) {
    fpu.statusWord |= X87Stack.OVERFLOW;
    if ((fpu.controlWord & X87Stack.OVERFLOW) == 0) {
      return 0;
    }
    fpu.statusWord |= X87Stack.PRECISION;
    long infinity = (1L << exponentBits) - 1 << precision - 1;
    boolean away = direction == ROUND_NEAREST || direction == (negative ? ROUND_DOWN : ROUND_UP);
    fpu.statusWord |= away ? X87Stack.C1 : 0;
    return away ? infinity : infinity - 1;
  }

  /// `significand` without its low `drop` bits (1 to 66), rounded.
  private static long increment(long significand, int drop, int direction, boolean negative) {
    long kept = drop > 63 ? 0 : significand >>> drop;
    // The dropped bits as a fraction of one unit, in 64 bits; for more than 64, only "less than
    // half" counts.
    long rest = drop > 64 ? 1 : significand << 64 - drop;
    boolean up =
        switch (direction) {
          case ROUND_NEAREST -> rest < 0 && (rest != INTEGER_BIT || (kept & 1) != 0);
          case ROUND_DOWN -> rest != 0 && negative;
          case ROUND_UP -> rest != 0 && !negative;
          default -> false;
        };
    return up ? kept + 1 : kept;
  }
}
