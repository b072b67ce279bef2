package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.floating.ExtendedConversion;
import dev.backstep.emulator.floating.ExtendedNumber;
import dev.backstep.emulator.floating.ExtendedUnit;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// x87 loads, stores, exchanges and constants. SDM Vol. 2 "FLD", "FST/FSTP", "FXCH", "FLD1" and its
/// neighbours. An unmasked exception makes the next waiting instruction raise #MF.
public final class X87Moves {
  private static final int SINGLE = 24;
  private static final int DOUBLE = 53;

  private X87Moves() {}

  public static void fld(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    int bytes = Operands.bytes(i.operand0);
    long ea = i.effectiveAddress(c.gpr);
    long low =
        bytes == 4 ? c.mmu.load32(i.segment, ea) & Registers.LOW_32 : c.mmu.load64(i.segment, ea);
    int high = bytes == 10 ? c.mmu.load16(i.segment, ea + 8 & i.addressMask) & 0xFFFF : 0;
    X87Stack.begin(c, i);
    if (bytes == 10) {
      X87Stack.push(c.fpu, low, high);
      return;
    }
    pushConverted(c, low, bytes == 4 ? SINGLE : DOUBLE);
  }

  private static void pushConverted(Vcpu c, long bits, int precision) {
    FpuState fpu = c.fpu;
    boolean full = !X87Stack.isEmpty(fpu, fpu.top - 1 & 7);
    int physical = X87Stack.room(fpu);
    if (physical < 0) {
      return;
    }
    if (full) {
      fpu.top = physical;
      X87Stack.storeIndefinite(fpu, physical);
      return;
    }
    ExtendedUnit u = fpu.extended;
    u.b.setNarrow(bits, precision);
    ExtendedConversion.load(u);
    boolean denormal = fpu.environment.flags == FloatEnvironment.DENORMAL;
    if (X87Stack.commit(fpu) || denormal && c.cpuid.pushesDenormalsDespiteException()) {
      fpu.top = physical;
      X87Stack.write(fpu, physical, u.result);
    }
  }

  public static void fldRegister(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    int source = X87Stack.physical(fpu, i.register0);
    if (X87Stack.isEmpty(fpu, source)) {
      if (X87Stack.underflow(fpu)) {
        fpu.top = fpu.top - 1 & 7;
        X87Stack.storeIndefinite(fpu, fpu.top);
      }
      return;
    }
    X87Stack.push(fpu, fpu.significand[source], fpu.signExponent[source]);
  }

  public static void fst(Vcpu c, DecodedInstruction i) {
    storeTop(c, i);
  }

  public static void fstp(Vcpu c, DecodedInstruction i) {
    if (storeTop(c, i)) {
      X87Stack.pop(c.fpu);
    }
  }

  /// Stores ST(0) to memory; false if an unmasked exception kept it.
  private static boolean storeTop(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    FpuState fpu = c.fpu;
    int bytes = Operands.bytes(i.operand0);
    long ea = i.effectiveAddress(c.gpr);
    X87Stack.prepare(fpu);
    boolean empty = X87Stack.isEmpty(fpu, fpu.top);
    if (empty) {
      fpu.environment.raise(FloatEnvironment.INVALID);
    }
    long low = empty ? indefinite(bytes) : topAs(fpu, bytes);
    int high = empty ? ExtendedNumber.INDEFINITE_SIGN_EXPONENT : fpu.signExponent[fpu.top];
    boolean stores = X87Stack.allowsStore(fpu);
    if (!stores) {
      Memory.loadForWrite(c, i.segment, ea, bytes);
      c.mmu.probeWrite(i.segment, ea, bytes);
    } else if (bytes == 10) {
      X87Operands.store80(c, i, ea, low, high);
    } else {
      Memory.store(c, i.segment, ea, bytes, low);
    }
    X87Stack.beginStored(c, i);
    X87Stack.commitStore(fpu, empty);
    return stores;
  }

  private static long indefinite(int bytes) {
    return switch (bytes) {
      case 4 -> 0xFFC0_0000L;
      case 8 -> 0xFFF8_0000_0000_0000L;
      default -> ExtendedNumber.INDEFINITE_SIGNIFICAND;
    };
  }

  private static long topAs(FpuState fpu, int bytes) {
    if (bytes == 10) {
      return fpu.significand[fpu.top];
    }
    X87Stack.read(fpu, fpu.top, fpu.extended.a);
    return ExtendedConversion.narrow(fpu.extended, bytes == 4 ? SINGLE : DOUBLE);
  }

  public static void fstRegister(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    copyTop(c.fpu, i.register0);
  }

  public static void fstpRegister(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    if (copyTop(c.fpu, i.register0)) {
      X87Stack.pop(c.fpu);
    }
  }

  /// FSTP that does not mind an empty ST(0): it only pops then. In no manual.
  public static void fstpnce(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    if (!X87Stack.isEmpty(c.fpu, c.fpu.top)) {
      copyTop(c.fpu, i.register0);
    }
    X87Stack.pop(c.fpu);
  }

  private static boolean copyTop(FpuState fpu, int k) {
    int target = X87Stack.physical(fpu, k);
    if (!X87Stack.isEmpty(fpu, fpu.top)) {
      X87Stack.store(fpu, target, fpu.significand[fpu.top], fpu.signExponent[fpu.top]);
      return true;
    }
    if (!X87Stack.underflow(fpu)) {
      return false;
    }
    X87Stack.storeIndefinite(fpu, target);
    return true;
  }

  public static void fxch(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    int other = X87Stack.physical(fpu, i.register0);
    if (X87Stack.isEmpty(fpu, fpu.top) || X87Stack.isEmpty(fpu, other)) {
      if (!X87Stack.underflow(fpu)) {
        return;
      }
      fillIfEmpty(fpu, fpu.top);
      fillIfEmpty(fpu, other);
    }
    long significand = fpu.significand[other];
    int signExponent = fpu.signExponent[other];
    X87Stack.store(fpu, other, fpu.significand[fpu.top], fpu.signExponent[fpu.top]);
    X87Stack.store(fpu, fpu.top, significand, signExponent);
  }

  private static void fillIfEmpty(FpuState fpu, int physical) {
    if (X87Stack.isEmpty(fpu, physical)) {
      X87Stack.storeIndefinite(fpu, physical);
    }
  }

  public static void fld1(Vcpu c, DecodedInstruction i) {
    pushConstant(c, i, 0x8000_0000_0000_0000L, 0x3FFF);
  }

  public static void fldz(Vcpu c, DecodedInstruction i) {
    pushConstant(c, i, 0, 0);
  }

  /// The irrational constants are kept with more bits and rounded as RC says: what nearest rounds
  /// up is one less towards zero and down, and the other way round. SDM Vol. 1 "x87 FPU Constants"
  /// (Pi: 66 bits).
  public static void fldpi(Vcpu c, DecodedInstruction i) {
    pushConstant(c, i, 0xC90F_DAA2_2168_C235L - lessThanNearest(c), 0x4000);
  }

  public static void fldl2e(Vcpu c, DecodedInstruction i) {
    pushConstant(c, i, 0xB8AA_3B29_5C17_F0BCL - lessThanNearest(c), 0x3FFF);
  }

  public static void fldlg2(Vcpu c, DecodedInstruction i) {
    pushConstant(c, i, 0x9A20_9A84_FBCF_F799L - lessThanNearest(c), 0x3FFD);
  }

  public static void fldln2(Vcpu c, DecodedInstruction i) {
    pushConstant(c, i, 0xB172_17F7_D1CF_79ACL - lessThanNearest(c), 0x3FFE);
  }

  public static void fldl2t(Vcpu c, DecodedInstruction i) {
    int roundsUp = rounding(c) == 2 ? 1 : 0;
    pushConstant(c, i, 0xD49A_784B_CD1B_8AFEL + roundsUp, 0x4000);
  }

  private static int lessThanNearest(Vcpu c) {
    return rounding(c) & 1;
  }

  /// RC: 0 nearest, 1 down, 2 up, 3 towards zero.
  private static int rounding(Vcpu c) {
    return c.fpu.controlWord >> 10 & 3;
  }

  private static void pushConstant(
      Vcpu c, DecodedInstruction i, long significand, int signExponent) {
    X87Stack.enter(c, i);
    X87Stack.push(c.fpu, significand, signExponent);
  }
}
