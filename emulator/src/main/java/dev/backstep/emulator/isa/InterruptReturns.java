package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// IRET, IRETD, IRETQ. SDM Vol. 2 "IRET/IRETD/IRETQ".
final class InterruptReturns {
  /// Flags that IRET loads at any privilege.
  private static final int ALWAYS = Rflags.ARITHMETIC | Rflags.TF | Rflags.DF | Rflags.NT;

  /// Those above bit 15 that it loads at any privilege.
  private static final int ALWAYS_WIDE = Rflags.RF | Rflags.AC | Rflags.ID;

  private static final int VIRTUAL_INTERRUPT = Rflags.VIF | Rflags.VIP;

  /// Every flag there is.
  private static final int ALL =
      ALWAYS | ALWAYS_WIDE | Rflags.IF | Rflags.IOPL | VIRTUAL_INTERRUPT | Rflags.VM;

  private InterruptReturns() {}

  static void iret(Vcpu c, DecodedInstruction i) {
    // SDM Vol. 3 "Handling Multiple NMIs": the execution of IRET unblocks, even if it faults.
    if (c.nmiBlocked) {
      c.nmiBlocked = false;
      c.requestAttention();
    }
    switch (c.mode) {
      case REAL, REAL32 -> realMode(c, i.operandBytes);
      case VM86 -> vm86(c, i.operandBytes);
      case PROTECTED16, PROTECTED32, COMPATIBILITY16, COMPATIBILITY32, LONG64 ->
          protectedMode(c, i);
    }
  }

  private static void realMode(Vcpu c, int bytes) {
    int mask = ALWAYS | Rflags.IF | Rflags.IOPL;
    if (bytes == 4) {
      mask |= ALWAYS_WIDE;
    }
    popRealStyle(c, bytes, StackFrame.read(c, 2L * bytes, bytes), mask);
  }

  private static void vm86(Vcpu c, int bytes) {
    if (c.iopl() == 3) {
      int mask = bytes == 4 ? ALWAYS | ALWAYS_WIDE | Rflags.IF : ALWAYS | Rflags.IF;
      popRealStyle(c, bytes, StackFrame.read(c, 2L * bytes, bytes), mask);
      return;
    }
    if (!c.cr4(ControlBits.CR4_VME) || bytes == 4) {
      throw c.fault.generalProtection(0);
    }
    long flags = StackFrame.read(c, 2L * bytes, bytes);
    boolean enables = (flags & Rflags.IF) != 0;
    if ((flags & Rflags.TF) != 0 || enables && c.flag(Rflags.VIP)) {
      throw c.fault.generalProtection(0);
    }
    popRealStyle(c, bytes, enables ? flags | Rflags.VIF : flags, ALWAYS | Rflags.VIF);
  }

  /// Pops IP and CS; FLAGS were read already.
  private static void popRealStyle(Vcpu c, int bytes, long flags, int mask) {
    long rip = StackFrame.read(c, 0, bytes);
    int selector = (int) StackFrame.read(c, bytes, bytes) & 0xFFFF;
    CodeSegments.requireRealStyleTarget(c, rip);
    StackFrame.release(c, 3L * bytes);
    mergeFlags(c, flags, mask);
    CodeSegments.jumpRealStyle(c, selector, rip);
  }

  private static void mergeFlags(Vcpu c, long flags, int mask) {
    c.resumeFlagLoaded = (mask & Rflags.RF) != 0;
    c.setRflags(c.rflags() & ~(long) mask | flags & mask);
  }

  private static void protectedMode(Vcpu c, DecodedInstruction i) {
    if (c.flag(Rflags.NT)) {
      if (c.isLongModeActive()) {
        throw c.fault.generalProtection(0);
      }
      TaskSwitch.returnFromNested(c, i.nextRip);
      return;
    }
    int bytes = i.operandBytes;
    long rip = StackFrame.read(c, 0, bytes);
    int selector = (int) StackFrame.read(c, bytes, bytes) & 0xFFFF;
    long flags = StackFrame.read(c, 2L * bytes, bytes);
    boolean toVm86 = bytes == 4 && (flags & Rflags.VM) != 0 && c.cpl == 0 && !c.isLongModeActive();
    if (toVm86) {
      toVm86(c, selector, rip, flags);
      return;
    }
    long d = FarReturns.fetchReturnCode(c, selector);
    if (DescriptorFetch.rpl(selector) > c.cpl || c.mode == CpuMode.LONG64) {
      // 64-bit mode pops SS:RSP whatever the privilege.
      withStack(c, selector, d, rip, flags, bytes);
      return;
    }
    CodeSegments.requireTarget(c, d, rip, 0);
    FarReturns.prepareShadowStack(c, selector, d, rip);
    DescriptorFetch.markAccessed(c, selector, d);
    ShadowStack.commitInterruptReturn(c);
    StackFrame.release(c, 3L * bytes);
    mergeFlags(c, flags, flagMask(c, bytes));
    CodeSegments.commit(c, selector, d, c.cpl, rip);
  }

  private static void withStack(Vcpu c, int selector, long d, long rip, long flags, int bytes) {
    long pointer = StackFrame.read(c, 3L * bytes, bytes);
    int stackSelector = (int) StackFrame.read(c, 4L * bytes, bytes) & 0xFFFF;
    int oldCpl = c.cpl;
    int newCpl = DescriptorFetch.rpl(selector);
    long stack = FarReturns.fetchReturnStack(c, stackSelector, d, newCpl);
    CodeSegments.requireTarget(c, d, rip, 0);
    FarReturns.prepareShadowStack(c, selector, d, rip);
    FarReturns.markAccessed(c, selector, d, stackSelector, stack);
    if (newCpl > oldCpl) {
      ShadowStack.commitReturn(c, newCpl);
    } else {
      ShadowStack.commitInterruptReturn(c);
    }
    mergeFlags(c, flags, flagMask(c, bytes));
    FarReturns.commitStack(c, stackSelector, stack, newCpl);
    CodeSegments.commit(c, selector, d, newCpl, rip);
    FarReturns.setReturnPointer(c, bytes, pointer);
    if (newCpl > oldCpl) {
      CodeSegments.dropInnerDataSegments(c);
    }
  }

  /// What may change depends on the privilege that executes IRET.
  private static int flagMask(Vcpu c, int bytes) {
    int mask = ALWAYS;
    if (bytes != 2) {
      mask |= ALWAYS_WIDE;
    }
    if (c.cpl <= c.iopl()) {
      mask |= Rflags.IF;
    }
    if (c.cpl == 0) {
      mask |= bytes == 2 ? Rflags.IOPL : Rflags.IOPL | VIRTUAL_INTERRUPT;
    }
    return mask;
  }

  private static void toVm86(Vcpu c, int codeSelector, long rip, long flags) {
    long pointer = StackFrame.read(c, 12, 4);
    int ss = (int) StackFrame.read(c, 16, 4) & 0xFFFF;
    int es = (int) StackFrame.read(c, 20, 4) & 0xFFFF;
    int ds = (int) StackFrame.read(c, 24, 4) & 0xFFFF;
    int fs = (int) StackFrame.read(c, 28, 4) & 0xFFFF;
    int gs = (int) StackFrame.read(c, 32, 4) & 0xFFFF;
    if (rip > SegmentLoads.REAL_LIMIT) {
      throw c.fault.generalProtection(0);
    }
    ShadowStack.leaveForVm86(c);
    mergeFlags(c, flags, ALL);
    c.cpl = 3;
    c.gpr[Vcpu.RSP] = pointer;
    c.rip = rip;
    loadVm86(c, SegmentRegister.CS, codeSelector);
    loadVm86(c, SegmentRegister.SS, ss);
    loadVm86(c, SegmentRegister.ES, es);
    loadVm86(c, SegmentRegister.DS, ds);
    loadVm86(c, SegmentRegister.FS, fs);
    loadVm86(c, SegmentRegister.GS, gs);
    c.updateMode();
  }

  private static void loadVm86(Vcpu c, int segment, int selector) {
    long base = (long) selector << 4;
    c.segments[segment].set(
        selector, base, SegmentLoads.REAL_LIMIT, SegmentLoads.VM86_ACCESS, true);
    c.mmu.segmentChanged(segment);
  }
}
