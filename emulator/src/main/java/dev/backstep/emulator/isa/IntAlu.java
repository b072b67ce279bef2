package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Integer addition, subtraction, logic and comparison. Operands come sign-extended to 64 bits, and
/// so do results go: the lazy flags of [Rflags] follow from them without the width. SDM Vol. 2
/// "ADD" to "XOR".
public final class IntAlu {
  private IntAlu() {}

  public static long add8(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADD, a, b, (byte) (a + b));
  }

  public static long add16(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADD, a, b, (short) (a + b));
  }

  public static long add32(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADD, a, b, (int) (a + b));
  }

  public static long add64(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADD, a, b, a + b);
  }

  public static long adc8(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADC, a, b, (byte) (a + b + carry(c)));
  }

  public static long adc16(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADC, a, b, (short) (a + b + carry(c)));
  }

  public static long adc32(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADC, a, b, (int) (a + b + carry(c)));
  }

  public static long adc64(Vcpu c, long a, long b) {
    return leave(c, Rflags.ADC, a, b, a + b + carry(c));
  }

  public static long sub8(Vcpu c, long a, long b) {
    return leave(c, Rflags.SUB, a, b, (byte) (a - b));
  }

  public static long sub16(Vcpu c, long a, long b) {
    return leave(c, Rflags.SUB, a, b, (short) (a - b));
  }

  public static long sub32(Vcpu c, long a, long b) {
    return leave(c, Rflags.SUB, a, b, (int) (a - b));
  }

  public static long sub64(Vcpu c, long a, long b) {
    return leave(c, Rflags.SUB, a, b, a - b);
  }

  public static long sbb8(Vcpu c, long a, long b) {
    return leave(c, Rflags.SBB, a, b, (byte) (a - b - carry(c)));
  }

  public static long sbb16(Vcpu c, long a, long b) {
    return leave(c, Rflags.SBB, a, b, (short) (a - b - carry(c)));
  }

  public static long sbb32(Vcpu c, long a, long b) {
    return leave(c, Rflags.SBB, a, b, (int) (a - b - carry(c)));
  }

  public static long sbb64(Vcpu c, long a, long b) {
    return leave(c, Rflags.SBB, a, b, a - b - carry(c));
  }

  public static void cmp8(Vcpu c, long a, long b) {
    sub8(c, a, b);
  }

  public static void cmp16(Vcpu c, long a, long b) {
    sub16(c, a, b);
  }

  public static void cmp32(Vcpu c, long a, long b) {
    sub32(c, a, b);
  }

  public static void cmp64(Vcpu c, long a, long b) {
    sub64(c, a, b);
  }

  public static long and(Vcpu c, long a, long b) {
    return logic(c, a & b);
  }

  public static long or(Vcpu c, long a, long b) {
    return logic(c, a | b);
  }

  public static long xor(Vcpu c, long a, long b) {
    return logic(c, a ^ b);
  }

  public static void test(Vcpu c, long a, long b) {
    logic(c, a & b);
  }

  public static long inc8(Vcpu c, long a) {
    return leave(c, Rflags.INC, a, carry(c), (byte) (a + 1));
  }

  public static long inc16(Vcpu c, long a) {
    return leave(c, Rflags.INC, a, carry(c), (short) (a + 1));
  }

  public static long inc32(Vcpu c, long a) {
    return leave(c, Rflags.INC, a, carry(c), (int) (a + 1));
  }

  public static long inc64(Vcpu c, long a) {
    return leave(c, Rflags.INC, a, carry(c), a + 1);
  }

  public static long dec8(Vcpu c, long a) {
    return leave(c, Rflags.DEC, a, carry(c), (byte) (a - 1));
  }

  public static long dec16(Vcpu c, long a) {
    return leave(c, Rflags.DEC, a, carry(c), (short) (a - 1));
  }

  public static long dec32(Vcpu c, long a) {
    return leave(c, Rflags.DEC, a, carry(c), (int) (a - 1));
  }

  public static long dec64(Vcpu c, long a) {
    return leave(c, Rflags.DEC, a, carry(c), a - 1);
  }

  /// NEG is a subtraction from zero: CF is set unless the operand is zero.
  public static long neg8(Vcpu c, long a) {
    return sub8(c, 0, a);
  }

  public static long neg16(Vcpu c, long a) {
    return sub16(c, 0, a);
  }

  public static long neg32(Vcpu c, long a) {
    return sub32(c, 0, a);
  }

  public static long neg64(Vcpu c, long a) {
    return sub64(c, 0, a);
  }

  /// NOT changes no flag.
  public static long not(Vcpu c, long a) {
    return ~a;
  }

  /// CF as a number.
  static long carry(Vcpu c) {
    return Rflags.cf(c) ? 1 : 0;
  }

  private static long leave(Vcpu c, int kind, long a, long b, long result) {
    c.flagKind = kind;
    c.flagA = a;
    c.flagB = b;
    c.flagResult = result;
    return result;
  }

  private static long logic(Vcpu c, long result) {
    c.flagKind = Rflags.LOGIC;
    c.flagResult = result;
    return result;
  }
}
