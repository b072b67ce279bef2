package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.floating.ExtendedArithmetic;
import dev.backstep.emulator.floating.ExtendedIntegers;
import dev.backstep.emulator.floating.ExtendedNumber;
import dev.backstep.emulator.floating.ExtendedRemainder;
import dev.backstep.emulator.floating.ExtendedScaling;
import dev.backstep.emulator.floating.ExtendedUnit;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// x87 arithmetic. SDM Vol. 2 "FADD/FADDP/FIADD" and its neighbours.
///
/// An exception known before the result that is not masked leaves registers and stack as they were;
/// others leave the result. The next waiting instruction raises #MF. SDM Vol. 1 "x87 FPU
/// Floating-Point Exception Handling".
public final class X87Arithmetic {
  private static final int ADD = 0;
  private static final int MULTIPLY = 1;
  private static final int SUBTRACT = 4;
  private static final int SUBTRACT_REVERSED = 5;
  private static final int DIVIDE = 6;
  private static final int DIVIDE_REVERSED = 7;

  private X87Arithmetic() {}

  /// FADD, FADDP and FIADD, by operands; so the following.
  public static void fadd(Vcpu c, DecodedInstruction i) {
    binary(c, i, ADD);
  }

  public static void fmul(Vcpu c, DecodedInstruction i) {
    binary(c, i, MULTIPLY);
  }

  public static void fsub(Vcpu c, DecodedInstruction i) {
    binary(c, i, SUBTRACT);
  }

  public static void fsubr(Vcpu c, DecodedInstruction i) {
    binary(c, i, SUBTRACT_REVERSED);
  }

  public static void fdiv(Vcpu c, DecodedInstruction i) {
    binary(c, i, DIVIDE);
  }

  public static void fdivr(Vcpu c, DecodedInstruction i) {
    binary(c, i, DIVIDE_REVERSED);
  }

  /// `destination = destination op source`; with a register form of DC or DE the destination is
  /// ST(i), and DE pops.
  private static void binary(Vcpu c, DecodedInstruction i, int operation) {
    X87Stack.check(c);
    FpuState fpu = c.fpu;
    ExtendedUnit u = fpu.extended;
    boolean memory = i.isMemory();
    if (memory) {
      X87Operands.load(c, i, u.b);
    }
    X87Stack.begin(c, i);
    int other = memory ? fpu.top : X87Stack.physical(fpu, i.modrm & 7);
    boolean toOther = i.opcode.opcodeByte() >= 0xDC;
    int destination = toOther ? other : fpu.top;
    boolean pops = !memory && i.opcode.opcodeByte() == 0xDE;
    if (X87Stack.isEmpty(fpu, fpu.top) || X87Stack.isEmpty(fpu, other)) {
      if (X87Stack.underflow(fpu)) {
        X87Stack.storeIndefinite(fpu, destination);
        popIf(fpu, pops);
      }
      return;
    }
    X87Stack.read(fpu, destination, u.a);
    if (!memory) {
      X87Stack.read(fpu, toOther ? fpu.top : other, u.b);
    }
    compute(u, operation);
    if (X87Stack.commit(fpu)) {
      X87Stack.write(fpu, destination, u.result);
      popIf(fpu, pops);
    }
  }

  private static void popIf(FpuState fpu, boolean pops) {
    if (pops) {
      X87Stack.pop(fpu);
    }
  }

  private static void compute(ExtendedUnit u, int operation) {
    switch (operation) {
      case ADD -> ExtendedArithmetic.add(u);
      case MULTIPLY -> ExtendedArithmetic.multiply(u);
      case SUBTRACT -> ExtendedArithmetic.subtract(u);
      case SUBTRACT_REVERSED -> ExtendedArithmetic.subtractReversed(u);
      case DIVIDE -> ExtendedArithmetic.divide(u);
      default -> ExtendedArithmetic.divideReversed(u);
    }
  }

  public static void fsqrt(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginUnary(c, i)) {
      ExtendedArithmetic.squareRoot(c.fpu.extended);
      X87Operands.replaceTop(c.fpu);
    }
  }

  public static void frndint(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginUnary(c, i)) {
      ExtendedIntegers.roundToIntegral(c.fpu.extended);
      X87Operands.replaceTop(c.fpu);
    }
  }

  /// Any bit pattern will do.
  public static void fabs(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginUnary(c, i)) {
      c.fpu.signExponent[c.fpu.top] &= ExtendedNumber.MAX_EXPONENT;
    }
  }

  public static void fchs(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginUnary(c, i)) {
      c.fpu.signExponent[c.fpu.top] ^= ExtendedNumber.MAX_EXPONENT + 1;
    }
  }

  public static void fscale(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginBinary(c, i)) {
      ExtendedScaling.scale(c.fpu.extended);
      X87Operands.replaceTop(c.fpu);
    }
  }

  public static void fprem(Vcpu c, DecodedInstruction i) {
    if (beginRemainder(c, i)) {
      ExtendedRemainder.truncated(c.fpu.extended);
      finishRemainder(c.fpu);
    }
  }

  public static void fprem1(Vcpu c, DecodedInstruction i) {
    if (beginRemainder(c, i)) {
      ExtendedRemainder.nearest(c.fpu.extended);
      finishRemainder(c.fpu);
    }
  }

  /// C2 is cleared in any case.
  private static boolean beginRemainder(Vcpu c, DecodedInstruction i) {
    boolean begun = X87Operands.beginBinary(c, i);
    c.fpu.statusWord &= ~X87Stack.C2;
    return begun;
  }

  /// Without a quotient C0 and C3 stay.
  private static void finishRemainder(FpuState fpu) {
    X87Operands.replaceTop(fpu);
    int conditions = fpu.extended.conditions;
    if (conditions != ExtendedRemainder.NO_QUOTIENT) {
      fpu.statusWord = fpu.statusWord & ~X87Stack.CONDITIONS | conditions;
    }
  }

  public static void fxtract(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginPushing(c, i)) {
      ExtendedScaling.extract(c.fpu.extended);
      X87Operands.replaceTopAndPush(c.fpu);
    }
  }
}
