package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.floating.ExtendedComparison;
import dev.backstep.emulator.floating.ExtendedUnit;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// x87 comparisons and what depends on flags. SDM Vol. 2 "FCOM/FCOMP/FCOMPP", "FUCOM",
/// "FCOMI/FCOMIP/FUCOMI/FUCOMIP", "FICOM/FICOMP", "FTST", "FXAM", "FCMOVcc".
public final class X87Compare {
  private static final int UNORDERED = X87Stack.C3 | X87Stack.C2 | X87Stack.C0;

  private enum NanRule {
    SIGNAL,
    QUIET
  }

  private X87Compare() {}

  /// FCOM with ST(i) or memory, and FICOM.
  public static void fcom(Vcpu c, DecodedInstruction i) {
    compare(c, i, NanRule.SIGNAL, 0);
  }

  public static void fcomp(Vcpu c, DecodedInstruction i) {
    compare(c, i, NanRule.SIGNAL, 1);
  }

  public static void fcompp(Vcpu c, DecodedInstruction i) {
    compare(c, i, NanRule.SIGNAL, 2);
  }

  public static void fucom(Vcpu c, DecodedInstruction i) {
    compare(c, i, NanRule.QUIET, 0);
  }

  public static void fucomp(Vcpu c, DecodedInstruction i) {
    compare(c, i, NanRule.QUIET, 1);
  }

  public static void fucompp(Vcpu c, DecodedInstruction i) {
    compare(c, i, NanRule.QUIET, 2);
  }

  private static void compare(Vcpu c, DecodedInstruction i, NanRule rule, int pops) {
    X87Stack.check(c);
    FpuState fpu = c.fpu;
    ExtendedUnit u = fpu.extended;
    boolean memory = i.isMemory();
    if (memory) {
      X87Operands.load(c, i, u.b);
    }
    X87Stack.begin(c, i);
    int other = memory ? fpu.top : X87Stack.physical(fpu, i.modrm & 7);
    boolean goesOn;
    if (X87Stack.isEmpty(fpu, fpu.top) || X87Stack.isEmpty(fpu, other)) {
      u.conditions = UNORDERED;
      goesOn = X87Stack.underflow(fpu);
    } else {
      X87Stack.read(fpu, fpu.top, u.a);
      if (!memory) {
        X87Stack.read(fpu, other, u.b);
      }
      order(u, rule);
      goesOn = X87Stack.commit(fpu);
    }
    setConditions(c, goesOn);
    for (int k = 0; goesOn && k < pops; k++) {
      X87Stack.pop(fpu);
    }
  }

  private static void setConditions(Vcpu c, boolean goesOn) {
    if (goesOn || c.cpuid.setsComparisonFlagsDespiteException()) {
      c.fpu.statusWord = c.fpu.statusWord & ~UNORDERED | c.fpu.extended.conditions;
    }
  }

  private static void order(ExtendedUnit u, NanRule rule) {
    if (rule == NanRule.SIGNAL) {
      ExtendedComparison.compare(u);
    } else {
      ExtendedComparison.compareQuietly(u);
    }
  }

  public static void fcomi(Vcpu c, DecodedInstruction i) {
    compareToFlags(c, i, NanRule.SIGNAL, 0);
  }

  public static void fcomip(Vcpu c, DecodedInstruction i) {
    compareToFlags(c, i, NanRule.SIGNAL, 1);
  }

  public static void fucomi(Vcpu c, DecodedInstruction i) {
    compareToFlags(c, i, NanRule.QUIET, 0);
  }

  public static void fucomip(Vcpu c, DecodedInstruction i) {
    compareToFlags(c, i, NanRule.QUIET, 1);
  }

  private static void compareToFlags(Vcpu c, DecodedInstruction i, NanRule rule, int pops) {
    int c1 = c.cpuid.keepsC1InFlagComparisons() ? c.fpu.statusWord & X87Stack.C1 : 0;
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    ExtendedUnit u = fpu.extended;
    int other = X87Stack.physical(fpu, i.modrm & 7);
    boolean goesOn;
    if (X87Stack.isEmpty(fpu, fpu.top) || X87Stack.isEmpty(fpu, other)) {
      u.conditions = UNORDERED;
      goesOn = X87Stack.underflow(fpu);
    } else {
      X87Stack.read(fpu, fpu.top, u.a);
      X87Stack.read(fpu, other, u.b);
      order(u, rule);
      goesOn = X87Stack.commit(fpu);
      fpu.statusWord |= c1;
    }
    if (goesOn || c.cpuid.setsComparisonFlagsDespiteException()) {
      setFlags(c, u.conditions);
    }
    if (goesOn && pops != 0) {
      X87Stack.pop(fpu);
    }
  }

  /// ZF, PF and CF for C3, C2 and C0; OF, SF and AF are cleared.
  private static void setFlags(Vcpu c, int conditions) {
    int flags = (conditions & X87Stack.C3) != 0 ? Rflags.ZF : 0;
    flags |= (conditions & X87Stack.C2) != 0 ? Rflags.PF : 0;
    flags |= (conditions & X87Stack.C0) != 0 ? Rflags.CF : 0;
    Rflags.setArithmetic(c, flags);
  }

  /// Compares ST(0) with zero.
  public static void ftst(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    ExtendedUnit u = fpu.extended;
    boolean goesOn;
    if (X87Stack.isEmpty(fpu, fpu.top)) {
      u.conditions = UNORDERED;
      goesOn = X87Stack.underflow(fpu);
    } else {
      X87Stack.read(fpu, fpu.top, u.a);
      u.b.setInteger(0);
      ExtendedComparison.compare(u);
      goesOn = X87Stack.commit(fpu);
    }
    setConditions(c, goesOn);
  }

  /// C1 is the sign, of an empty register too.
  public static void fxam(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    X87Stack.read(fpu, fpu.top, fpu.extended.a);
    boolean empty = X87Stack.isEmpty(fpu, fpu.top);
    int conditions = empty ? X87Stack.C3 | X87Stack.C0 : ExtendedComparison.classOf(fpu.extended.a);
    conditions |= fpu.extended.a.isNegative() ? X87Stack.C1 : 0;
    fpu.statusWord = fpu.statusWord & ~X87Stack.CONDITIONS | conditions;
  }

  public static void fcmovb(Vcpu c, DecodedInstruction i) {
    move(c, i, Rflags.cf(c));
  }

  public static void fcmove(Vcpu c, DecodedInstruction i) {
    move(c, i, Rflags.zf(c));
  }

  public static void fcmovbe(Vcpu c, DecodedInstruction i) {
    move(c, i, Rflags.cf(c) || Rflags.zf(c));
  }

  public static void fcmovu(Vcpu c, DecodedInstruction i) {
    move(c, i, Rflags.pf(c));
  }

  public static void fcmovnb(Vcpu c, DecodedInstruction i) {
    move(c, i, !Rflags.cf(c));
  }

  public static void fcmovne(Vcpu c, DecodedInstruction i) {
    move(c, i, !Rflags.zf(c));
  }

  public static void fcmovnbe(Vcpu c, DecodedInstruction i) {
    move(c, i, !(Rflags.cf(c) || Rflags.zf(c)));
  }

  public static void fcmovnu(Vcpu c, DecodedInstruction i) {
    move(c, i, !Rflags.pf(c));
  }

  /// C1 is left alone unless a register is empty.
  private static void move(Vcpu c, DecodedInstruction i, boolean holds) {
    int c1 = c.fpu.statusWord & X87Stack.C1;
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    int source = X87Stack.physical(fpu, i.modrm & 7);
    if (X87Stack.isEmpty(fpu, fpu.top) || X87Stack.isEmpty(fpu, source)) {
      if (X87Stack.underflow(fpu)) {
        X87Stack.storeIndefinite(fpu, fpu.top);
      }
      return;
    }
    fpu.statusWord |= c1;
    if (holds) {
      X87Stack.store(fpu, fpu.top, fpu.significand[source], fpu.signExponent[source]);
    }
  }
}
