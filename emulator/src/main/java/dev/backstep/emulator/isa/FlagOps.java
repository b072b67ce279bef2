package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Instructions that move or change single flags. SDM Vol. 2 "CLC" to "STD", "LAHF", "SAHF".
public final class FlagOps {
  private static final int LOW_BYTE = Rflags.ARITHMETIC & 0xFF;

  private FlagOps() {}

  public static void clc(Vcpu c, DecodedInstruction i) {
    setCarry(c, 0);
  }

  public static void stc(Vcpu c, DecodedInstruction i) {
    setCarry(c, 1);
  }

  public static void cmc(Vcpu c, DecodedInstruction i) {
    setCarry(c, IntAlu.carry(c) ^ 1);
  }

  public static void cld(Vcpu c, DecodedInstruction i) {
    c.systemFlags &= ~Rflags.DF;
  }

  public static void std(Vcpu c, DecodedInstruction i) {
    c.systemFlags |= Rflags.DF;
  }

  public static void lahf(Vcpu c, DecodedInstruction i) {
    long low = Rflags.arithmetic(c) & LOW_BYTE | Rflags.FIXED;
    c.gpr[Vcpu.RAX] = c.gpr[Vcpu.RAX] & ~0xFF00L | low << 8;
  }

  public static void sahf(Vcpu c, DecodedInstruction i) {
    long low = c.gpr[Vcpu.RAX] >>> 8 & LOW_BYTE;
    Rflags.setArithmetic(c, Rflags.arithmetic(c) & Rflags.OF | low);
  }

  /// AL = CF ? FFH : 0. APM Vol. 3 does not list it, SDM Vol. 2 "Opcode Map" leaves D6 empty;
  /// processors of both makers do it outside 64-bit mode.
  public static void salc(Vcpu c, DecodedInstruction i) {
    c.gpr[Vcpu.RAX] = c.gpr[Vcpu.RAX] & ~0xFFL | -IntAlu.carry(c) & 0xFF;
  }

  /// Sets CF to 0 or 1 and keeps the other flags.
  static void setCarry(Vcpu c, long carry) {
    Rflags.setArithmetic(c, Rflags.arithmetic(c) & ~Rflags.CF | carry);
  }

  /// Sets ZF to `zero` and keeps the other flags.
  static void setZero(Vcpu c, boolean zero) {
    Rflags.setArithmetic(c, Rflags.arithmetic(c) & ~Rflags.ZF | (zero ? Rflags.ZF : 0));
  }
}
