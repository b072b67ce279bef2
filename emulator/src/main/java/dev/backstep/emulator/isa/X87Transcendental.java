package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.floating.ExtendedLogarithm;
import dev.backstep.emulator.floating.ExtendedTrigonometry;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// x87 transcendental functions. SDM Vol. 2 "F2XM1", "FYL2X", "FPATAN", "FSIN" and their
/// neighbours; Vol. 1 "Transcendental Instruction Accuracy".
public final class X87Transcendental {
  private X87Transcendental() {}

  public static void f2xm1(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginUnary(c, i)) {
      ExtendedLogarithm.twoToXMinus1(c.fpu.extended);
      X87Operands.replaceTop(c.fpu);
    }
  }

  public static void fyl2x(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginPopping(c, i)) {
      ExtendedLogarithm.yLog2X(c.fpu.extended);
      X87Operands.replaceNextAndPop(c.fpu);
    }
  }

  public static void fyl2xp1(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginPopping(c, i)) {
      ExtendedLogarithm.yLog2XPlus1(c.fpu.extended);
      X87Operands.replaceNextAndPop(c.fpu);
    }
  }

  public static void fpatan(Vcpu c, DecodedInstruction i) {
    if (X87Operands.beginPopping(c, i)) {
      ExtendedTrigonometry.arctangent(c.fpu.extended);
      X87Operands.replaceNextAndPop(c.fpu);
    }
  }

  public static void fsin(Vcpu c, DecodedInstruction i) {
    if (beginUnary(c, i)) {
      ExtendedTrigonometry.sine(c.fpu.extended);
      X87Operands.replaceTop(c.fpu);
    }
  }

  public static void fcos(Vcpu c, DecodedInstruction i) {
    if (beginUnary(c, i)) {
      ExtendedTrigonometry.cosine(c.fpu.extended);
      X87Operands.replaceTop(c.fpu);
    }
  }

  /// Leaves the sine and pushes the cosine.
  public static void fsincos(Vcpu c, DecodedInstruction i) {
    if (beginPushing(c, i)) {
      ExtendedTrigonometry.sineAndCosine(c.fpu.extended);
      X87Operands.replaceTopAndPush(c.fpu);
    }
  }

  /// Leaves the tangent and pushes 1.
  public static void fptan(Vcpu c, DecodedInstruction i) {
    if (beginPushing(c, i)) {
      ExtendedTrigonometry.tangentAndOne(c.fpu.extended);
      X87Operands.replaceTopAndPush(c.fpu);
    }
  }

  private static boolean beginUnary(Vcpu c, DecodedInstruction i) {
    boolean begun = X87Operands.beginUnary(c, i);
    c.fpu.statusWord &= ~X87Stack.C2;
    return begun && isInRange(c.fpu);
  }

  private static boolean beginPushing(Vcpu c, DecodedInstruction i) {
    boolean begun = X87Operands.beginPushing(c, i);
    c.fpu.statusWord &= ~X87Stack.C2;
    return begun && isInRange(c.fpu);
  }

  /// Sets C2 if ST(0) is too large to be reduced: it is left alone then.
  private static boolean isInRange(FpuState fpu) {
    boolean outside = ExtendedTrigonometry.isOutOfRange(fpu.extended.a);
    fpu.statusWord |= outside ? X87Stack.C2 : 0;
    return !outside;
  }
}
