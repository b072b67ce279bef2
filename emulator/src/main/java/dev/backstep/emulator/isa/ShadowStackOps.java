package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.mmu.AccessType;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// The instructions on shadow stacks. SDM Vol. 2 under their names.
public final class ShadowStackOps {
  /// In a restore token and a previous-SSP token: 64-bit mode.
  private static final long TOKEN_LONG = 1;

  /// Set in a previous-SSP token, clear in a restore token.
  private static final long TOKEN_PREVIOUS = 2;

  private ShadowStackOps() {}

  private static void requireActive(Vcpu c) {
    if (!c.shadowStackActive) {
      throw c.fault.undefinedOpcode();
    }
  }

  private static long modeBit(Vcpu c) {
    return c.mode == CpuMode.LONG64 ? TOKEN_LONG : 0;
  }

  private static void requireAligned(Vcpu c, long gva, int bytes) {
    if ((gva & bytes - 1) != 0) {
      throw c.fault.generalProtection(0);
    }
  }

  /// INCSSP touches the first and the last entry that it drops.
  public static void incssp(Vcpu c, DecodedInstruction i) {
    requireActive(c);
    int bytes = i.operandBytes == 8 ? 8 : 4;
    long count = c.gpr[Operands.register(i.operand0)] & 0xFF;
    c.mmu.shadowStacks().read(c.cet.ssp, bytes, c.cpl);
    c.mmu.shadowStacks().read(c.cet.ssp + (Math.max(count, 1) - 1) * bytes, bytes, c.cpl);
    c.cet.ssp += count * bytes;
  }

  /// RDSSP leaves its register alone where there is no shadow stack.
  public static void rdssp(Vcpu c, DecodedInstruction i) {
    if (c.shadowStackActive) {
      long ssp = i.operandBytes == 8 ? c.cet.ssp : c.cet.ssp & Registers.LOW_32;
      c.gpr[Operands.register(i.operand0)] = ssp;
    }
  }

  public static void saveprevssp(Vcpu c, DecodedInstruction i) {
    requireActive(c);
    long ssp = c.cet.ssp;
    requireAligned(c, ssp, 8);
    long token = c.mmu.shadowStacks().read(ssp, 8, c.cpl);
    ssp += 8;
    if (Rflags.cf(c)) {
      // The hole under the token, which there is outside 64-bit mode only.
      boolean hole = modeBit(c) == 0 && c.mmu.shadowStacks().read(ssp, 4, c.cpl) == 0;
      if (!hole) {
        throw c.fault.generalProtection(0);
      }
      ssp += 4;
    }
    boolean reachable = modeBit(c) != 0 || token >>> 32 == 0;
    if ((token & TOKEN_PREVIOUS) == 0 || !reachable) {
      throw c.fault.generalProtection(0);
    }
    long previous = token & ~(TOKEN_PREVIOUS | TOKEN_LONG);
    long top = previous & -8;
    c.mmu.shadowStacks().probe(top - 8, 8, c.cpl, AccessType.WRITE);
    c.mmu.shadowStacks().write(previous - 4, 4, 0, c.cpl);
    c.mmu.shadowStacks().write(top - 8, 8, previous | modeBit(c), c.cpl);
    c.cet.ssp = ssp;
  }

  public static void rstorssp(Vcpu c, DecodedInstruction i) {
    requireActive(c);
    long gva = operand(c, i, 8);
    requireAligned(c, gva, 8);
    c.mmu.shadowStacks().probe(gva, 8, c.cpl, AccessType.WRITE);
    long token = c.mmu.shadowStacks().read(gva, 8, c.cpl);
    boolean valid = (token & (TOKEN_LONG | TOKEN_PREVIOUS)) == modeBit(c);
    valid &= modeBit(c) != 0 || token >>> 32 == 0;
    valid &= ((token & ~TOKEN_LONG) - 8 & -8) == gva;
    if (!valid) {
      throw ShadowStack.fault(c, ShadowStack.CP_RSTORSSP);
    }
    c.mmu.shadowStacks().write(gva, 8, c.cet.ssp | modeBit(c) | TOKEN_PREVIOUS, c.cpl);
    c.cet.ssp = gva;
    Rflags.setArithmetic(c, (token & 4) != 0 ? Rflags.CF : 0);
  }

  /// WRSS: a write to one's own shadow stack, where that is allowed.
  public static void wrss(Vcpu c, DecodedInstruction i) {
    requireActive(c);
    if ((c.cet.control(c.cpl) & ControlFlowState.WRITE_ENABLE) == 0) {
      throw c.fault.undefinedOpcode();
    }
    store(c, i, c.cpl);
  }

  /// WRUSS: a supervisor's write to the shadow stack of user mode.
  public static void wruss(Vcpu c, DecodedInstruction i) {
    if (!c.cr4(ControlBits.CR4_CET) || c.mode.isRealStyle()) {
      throw c.fault.undefinedOpcode();
    }
    Privilege.requireZero(c);
    store(c, i, 3);
  }

  private static void store(Vcpu c, DecodedInstruction i, int cpl) {
    int bytes = i.operandBytes == 8 ? 8 : 4;
    long gva = operand(c, i, bytes);
    requireAligned(c, gva, bytes);
    c.mmu.shadowStacks().write(gva, bytes, c.gpr[Operands.register(i.operand1)], cpl);
  }

  public static void setssbsy(Vcpu c, DecodedInstruction i) {
    requireSupervisor(c);
    long ssp = c.cet.privilegeSsp[0];
    requireAligned(c, ssp, 8);
    c.mmu.shadowStacks().probe(ssp, 8, 0, AccessType.WRITE);
    boolean reachable = modeBit(c) != 0 || ssp >>> 32 == 0;
    if (c.mmu.shadowStacks().read(ssp, 8, 0) != ssp || !reachable) {
      throw ShadowStack.fault(c, ShadowStack.CP_SETSSBSY);
    }
    c.mmu.shadowStacks().write(ssp, 8, ssp | ShadowStack.BUSY, 0);
    c.cet.ssp = ssp;
  }

  /// CLRSSBSY frees another shadow stack; CF says that its token was not what it should be.
  public static void clrssbsy(Vcpu c, DecodedInstruction i) {
    requireSupervisor(c);
    long gva = operand(c, i, 8);
    requireAligned(c, gva, 8);
    c.mmu.shadowStacks().probe(gva, 8, 0, AccessType.WRITE);
    boolean valid = c.mmu.shadowStacks().read(gva, 8, 0) == (gva | ShadowStack.BUSY);
    if (valid) {
      c.mmu.shadowStacks().write(gva, 8, gva, 0);
    }
    Rflags.setArithmetic(c, valid ? 0 : Rflags.CF);
    c.cet.ssp = 0;
  }

  private static void requireSupervisor(Vcpu c) {
    if (c.mode.isRealStyle() || !ShadowStack.isEnabledAt(c, 0)) {
      throw c.fault.undefinedOpcode();
    }
    Privilege.requireZero(c);
  }

  private static long operand(Vcpu c, DecodedInstruction i, int bytes) {
    return c.mmu.linearForShadowStack(i.segment, i.effectiveAddress(c.gpr), bytes);
  }
}
