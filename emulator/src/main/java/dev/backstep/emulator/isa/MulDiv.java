package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Multiplication and division. SDM Vol. 2 "MUL", "IMUL", "DIV", "IDIV".
///
/// Multiplications set CF and OF when the high half matters; the other flags, undefined in the
/// manual, follow the low half. Divisions leave the flags, all undefined, alone.
public final class MulDiv {
  private MulDiv() {}

  public static void mul8(Vcpu c, long b) {
    long product = (c.gpr[Vcpu.RAX] & 0xFF) * (b & 0xFF);
    Registers.store16(c, Vcpu.RAX, product);
    flags(c, product >>> 8 != 0, (byte) product);
  }

  public static void mul16(Vcpu c, long b) {
    long product = (c.gpr[Vcpu.RAX] & 0xFFFF) * (b & 0xFFFF);
    Registers.store16(c, Vcpu.RAX, product);
    Registers.store16(c, Vcpu.RDX, product >>> 16);
    flags(c, product >>> 16 != 0, (short) product);
  }

  public static void mul32(Vcpu c, long b) {
    long product = (c.gpr[Vcpu.RAX] & Registers.LOW_32) * (b & Registers.LOW_32);
    Registers.store32(c, Vcpu.RAX, product);
    Registers.store32(c, Vcpu.RDX, product >>> 32);
    flags(c, product >>> 32 != 0, (int) product);
  }

  public static void mul64(Vcpu c, long b) {
    long a = c.gpr[Vcpu.RAX];
    long high = Math.unsignedMultiplyHigh(a, b);
    c.gpr[Vcpu.RAX] = a * b;
    c.gpr[Vcpu.RDX] = high;
    flags(c, high != 0, a * b);
  }

  public static void imul8(Vcpu c, long b) {
    long product = (byte) c.gpr[Vcpu.RAX] * b;
    Registers.store16(c, Vcpu.RAX, product);
    flags(c, product != (byte) product, (byte) product);
  }

  public static void imul16(Vcpu c, long b) {
    long product = (short) c.gpr[Vcpu.RAX] * b;
    Registers.store16(c, Vcpu.RAX, product);
    Registers.store16(c, Vcpu.RDX, product >> 16);
    flags(c, product != (short) product, (short) product);
  }

  public static void imul32(Vcpu c, long b) {
    long product = (int) c.gpr[Vcpu.RAX] * b;
    Registers.store32(c, Vcpu.RAX, product);
    Registers.store32(c, Vcpu.RDX, product >> 32);
    flags(c, product != (int) product, (int) product);
  }

  public static void imul64(Vcpu c, long b) {
    long a = c.gpr[Vcpu.RAX];
    long high = Math.multiplyHigh(a, b);
    c.gpr[Vcpu.RAX] = a * b;
    c.gpr[Vcpu.RDX] = high;
    flags(c, high != a * b >> 63, a * b);
  }

  /// The forms with two and three operands, which drop the high half.
  public static long imulTruncated16(Vcpu c, long a, long b) {
    long product = a * b;
    flags(c, product != (short) product, (short) product);
    return product;
  }

  public static long imulTruncated32(Vcpu c, long a, long b) {
    long product = a * b;
    flags(c, product != (int) product, (int) product);
    return product;
  }

  public static long imulTruncated64(Vcpu c, long a, long b) {
    long product = a * b;
    flags(c, Math.multiplyHigh(a, b) != product >> 63, product);
    return product;
  }

  public static void div8(Vcpu c, long b) {
    int dividend = (int) c.gpr[Vcpu.RAX] & 0xFFFF;
    int divisor = (int) b & 0xFF;
    if (divisor == 0 || dividend / divisor > 0xFF) {
      throw divideError(c);
    }
    Registers.store16(c, Vcpu.RAX, dividend / divisor | dividend % divisor << 8);
  }

  public static void div16(Vcpu c, long b) {
    long dividend = (c.gpr[Vcpu.RDX] & 0xFFFF) << 16 | c.gpr[Vcpu.RAX] & 0xFFFF;
    long divisor = b & 0xFFFF;
    if (divisor == 0 || dividend / divisor > 0xFFFF) {
      throw divideError(c);
    }
    Registers.store16(c, Vcpu.RAX, dividend / divisor);
    Registers.store16(c, Vcpu.RDX, dividend % divisor);
  }

  public static void div32(Vcpu c, long b) {
    long high = c.gpr[Vcpu.RDX] & Registers.LOW_32;
    long divisor = b & Registers.LOW_32;
    if (high >= divisor) {
      throw divideError(c);
    }
    long dividend = high << 32 | c.gpr[Vcpu.RAX] & Registers.LOW_32;
    long quotient = Long.divideUnsigned(dividend, divisor);
    c.gpr[Vcpu.RAX] = quotient;
    c.gpr[Vcpu.RDX] = dividend - quotient * divisor;
  }

  public static void div64(Vcpu c, long b) {
    long high = c.gpr[Vcpu.RDX];
    if (Long.compareUnsigned(high, b) >= 0) {
      throw divideError(c);
    }
    long low = c.gpr[Vcpu.RAX];
    long quotient = LongDivision.quotient(high, low, b);
    c.gpr[Vcpu.RAX] = quotient;
    c.gpr[Vcpu.RDX] = low - quotient * b;
  }

  public static void idiv8(Vcpu c, long b) {
    int dividend = (short) c.gpr[Vcpu.RAX];
    int divisor = (int) b;
    if (divisor == 0 || dividend / divisor != (byte) (dividend / divisor)) {
      throw divideError(c);
    }
    Registers.store16(c, Vcpu.RAX, dividend / divisor & 0xFF | dividend % divisor << 8);
  }

  public static void idiv16(Vcpu c, long b) {
    long dividend = c.gpr[Vcpu.RDX] << 48 >> 32 | c.gpr[Vcpu.RAX] & 0xFFFF;
    if (b == 0 || dividend / b != (short) (dividend / b)) {
      throw divideError(c);
    }
    Registers.store16(c, Vcpu.RAX, dividend / b);
    Registers.store16(c, Vcpu.RDX, dividend % b);
  }

  public static void idiv32(Vcpu c, long b) {
    long dividend = c.gpr[Vcpu.RDX] << 32 | c.gpr[Vcpu.RAX] & Registers.LOW_32;
    // Long.MIN_VALUE / -1 wraps to itself in Java, which is no 32-bit number either.
    if (b == 0 || dividend / b != (int) (dividend / b)) {
      throw divideError(c);
    }
    Registers.store32(c, Vcpu.RAX, dividend / b);
    Registers.store32(c, Vcpu.RDX, dividend % b);
  }

  public static void idiv64(Vcpu c, long b) {
    long high = c.gpr[Vcpu.RDX];
    long low = c.gpr[Vcpu.RAX];
    boolean negative = high < 0;
    long lowMagnitude = negative ? -low : low;
    long highMagnitude = negative ? ~high + (low == 0 ? 1 : 0) : high;
    long divisor = Math.abs(b);
    if (Long.compareUnsigned(highMagnitude, divisor) >= 0) {
      throw divideError(c);
    }
    long magnitude = LongDivision.quotient(highMagnitude, lowMagnitude, divisor);
    long quotient = negative == b < 0 ? magnitude : -magnitude;
    // 2^63 is the magnitude of a negative quotient only; zero has no sign.
    if (magnitude != 0 && quotient < 0 != (negative != b < 0)) {
      throw divideError(c);
    }
    c.gpr[Vcpu.RAX] = quotient;
    c.gpr[Vcpu.RDX] = low - quotient * b;
  }

  private static GuestFault divideError(Vcpu c) {
    return c.fault.withoutCode(GuestFault.DE);
  }

  private static void flags(Vcpu c, boolean highMatters, long low) {
    c.flagKind = Rflags.RESULT;
    c.flagA = highMatters ? Rflags.CF | Rflags.OF : 0;
    c.flagResult = low;
  }
}
