package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// SYSCALL, SYSRET, SYSENTER, SYSEXIT. SDM Vol. 2 under these names, APM Vol. 3 for what
/// [dev.backstep.emulator.cpuid.CpuidTable] says the processor does AMD's way. They load flat
/// segments without reading descriptors.
public final class Syscalls {
  /// Present, S, readable, accessed code of DPL 0; limit 4 GiB.
  private static final int CODE = 0x9B | SegmentRegister.GRANULARITY;

  /// Present, S, writable, accessed data of DPL 0, big; limit 4 GiB.
  private static final int DATA = 0x93 | SegmentRegister.GRANULARITY | SegmentRegister.DEFAULT_BIG;

  private static final int DPL_3 = 3 << 5;
  private static final int FLAT_LIMIT = -1;

  /// The bits of R11 that SYSRET loads into RFLAGS.
  private static final long SYSRET_FLAGS = 0x3C7FD7;

  private static final int R11 = 11;

  private Syscalls() {}

  public static void syscall(Vcpu c, DecodedInstruction i) {
    if (!c.efer(ControlBits.EFER_SCE) || !isSyscallMode(c)) {
      throw c.fault.undefinedOpcode();
    }
    int selector = (int) (c.msr.star >>> 32) & 0xFFFC;
    if (!c.isLongModeActive()) {
      c.gpr[Vcpu.RCX] = i.nextRip;
      c.setRflags(c.rflags() & ~(long) (Rflags.IF | Rflags.VM | Rflags.RF));
      enter(c, selector, SegmentRegister.DEFAULT_BIG, c.msr.star & 0xFFFFFFFFL);
      return;
    }
    long target = c.mode == CpuMode.LONG64 ? c.msr.lstar : c.msr.cstar;
    c.gpr[Vcpu.RCX] = i.nextRip;
    c.gpr[R11] = c.rflags() & ~(long) Rflags.RF;
    c.setRflags(c.rflags() & ~c.msr.syscallMask & ~(long) Rflags.RF);
    enter(c, selector, SegmentRegister.LONG, target);
    DebugTraps.judgeStepAfterwards(c);
  }

  public static void sysret(Vcpu c, DecodedInstruction i) {
    if (!c.efer(ControlBits.EFER_SCE) || !isSyscallMode(c)) {
      throw c.fault.undefinedOpcode();
    }
    Privilege.requireZero(c);
    int selector = (int) (c.msr.star >>> 48) & 0xFFFF;
    long rip = c.gpr[Vcpu.RCX];
    boolean to64 = i.operandBytes == 8 && c.isLongModeActive();
    if (to64 && c.cpuid.checksSysretTarget() && !c.mmu.isCanonical(rip)) {
      throw c.fault.generalProtection(0);
    }
    if (c.isLongModeActive()) {
      c.setRflags(c.gpr[R11] & SYSRET_FLAGS);
    } else {
      c.setRflags(c.rflags() | Rflags.IF);
    }
    loadReturnStack(c, selector + 8 | 3);
    if (to64) {
      leave(c, selector + 16, SegmentRegister.LONG, rip);
    } else {
      leave(c, selector, SegmentRegister.DEFAULT_BIG, rip & 0xFFFFFFFFL);
    }
    DebugTraps.judgeStepAfterwards(c);
  }

  private static boolean isSyscallMode(Vcpu c) {
    if (c.mode == CpuMode.LONG64) {
      return true;
    }
    return c.cpuid.allowsSyscallOutsideLongMode() && c.cr0(ControlBits.CR0_PE);
  }

  public static void sysenter(Vcpu c, DecodedInstruction i) {
    requireSysenter(c);
    int selector = (int) c.msr.sysenterCs & 0xFFFC;
    boolean longMode = c.isLongModeActive();
    c.setRflags(c.rflags() & ~(long) (Rflags.VM | Rflags.IF | Rflags.RF));
    c.gpr[Vcpu.RSP] = longMode ? c.msr.sysenterEsp : c.msr.sysenterEsp & 0xFFFFFFFFL;
    long target = longMode ? c.msr.sysenterEip : c.msr.sysenterEip & 0xFFFFFFFFL;
    enter(c, selector, longMode ? SegmentRegister.LONG : SegmentRegister.DEFAULT_BIG, target);
  }

  public static void sysexit(Vcpu c, DecodedInstruction i) {
    requireSysenter(c);
    Privilege.requireZero(c);
    int selector = (int) c.msr.sysenterCs & 0xFFFC;
    long rip = c.gpr[Vcpu.RDX];
    long pointer = c.gpr[Vcpu.RCX];
    if (i.operandBytes == 8) {
      if (!c.mmu.isCanonical(rip) || !c.mmu.isCanonical(pointer)) {
        throw c.fault.generalProtection(0);
      }
      loadFlatStack(c, selector + 40 | 3);
      leave(c, selector + 32, SegmentRegister.LONG, rip);
      c.gpr[Vcpu.RSP] = pointer;
      return;
    }
    loadFlatStack(c, selector + 24 | 3);
    leave(c, selector + 16, SegmentRegister.DEFAULT_BIG, rip & 0xFFFFFFFFL);
    c.gpr[Vcpu.RSP] = pointer & 0xFFFFFFFFL;
  }

  private static void requireSysenter(Vcpu c) {
    if (c.isLongModeActive() && c.cpuid.forbidsSysenterInLongMode()) {
      throw c.fault.undefinedOpcode();
    }
    if (!c.cr0(ControlBits.CR0_PE) || (c.msr.sysenterCs & 0xFFFC) == 0) {
      throw c.fault.generalProtection(0);
    }
  }

  /// To CPL 0; SS is the descriptor after CS.
  private static void enter(Vcpu c, int selector, int size, long rip) {
    ShadowStack.enterFast(c);
    c.segments[SegmentRegister.SS].set((selector + 8) & 0xFFFF, 0, FLAT_LIMIT, DATA, true);
    c.segments[SegmentRegister.CS].set(selector, 0, FLAT_LIMIT, CODE | size, true);
    finish(c, 0, rip);
  }

  /// To CPL 3.
  private static void leave(Vcpu c, int code, int size, long rip) {
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    cs.set((code | 3) & 0xFFFF, 0, FLAT_LIMIT, CODE | DPL_3 | size, true);
    ShadowStack.leaveFast(c);
    finish(c, 3, rip);
  }

  private static void loadReturnStack(Vcpu c, int selector) {
    if (c.cpuid.loadsStackAttributesOnSysret()) {
      loadFlatStack(c, selector);
    } else {
      c.segments[SegmentRegister.SS].selector = selector & 0xFFFF;
    }
  }

  private static void loadFlatStack(Vcpu c, int selector) {
    SegmentRegister ss = c.segments[SegmentRegister.SS];
    ss.set(selector & 0xFFFF, 0, FLAT_LIMIT, DATA | DPL_3, true);
  }

  private static void finish(Vcpu c, int cpl, long rip) {
    c.cpl = cpl;
    c.rip = rip;
    c.mmu.segmentChanged(SegmentRegister.SS);
    c.mmu.segmentChanged(SegmentRegister.CS);
    c.updateMode();
  }
}
