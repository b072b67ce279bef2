package dev.backstep.emulator.isa;

import dev.backstep.emulator.mmu.AccessType;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// What far transfers and events do with shadow stacks. SDM Vol. 1 "Shadow Stacks", Vol. 2 "CALL",
/// "RET", "IRET", "INT n".
///
/// Every transfer has two parts. `prepare…` checks and writes memory and may fault; what SSP will
/// be it leaves in [ControlFlowState#nextSsp]. `commit…` comes before CPL changes, and nothing that
/// can fault between the two: a token that was marked busy would stay so. The frame, from its
/// lowest address: the SSP before, the linear return address, CS.
final class ShadowStack {
  static final int CP_NEAR_RET = 1;
  static final int CP_FAR_RET = 2;
  static final int CP_ENDBRANCH = 3;
  static final int CP_RSTORSSP = 4;
  static final int CP_SETSSBSY = 5;

  /// In the token at the base of a supervisor shadow stack: a processor uses it.
  static final long BUSY = 1;

  static final long FRAME_BYTES = 24;
  private static final long REGION_MASK = -32;
  static final long NO_TOKEN = 0;

  private ShadowStack() {}

  /// Whether code at that privilege level, outside virtual-8086 mode, has a shadow stack.
  static boolean isEnabledAt(Vcpu c, int cpl) {
    return c.cr4(ControlBits.CR4_CET)
        && (c.cet.control(cpl) & ControlFlowState.SHADOW_STACK_ENABLE) != 0;
  }

  static GuestFault fault(Vcpu c, int code) {
    return c.fault.withCode(GuestFault.CP, code);
  }

  static long read(Vcpu c, long at, int cpl) {
    return c.mmu.shadowStacks().read(at, 8, cpl);
  }

  static void write(Vcpu c, long at, long value, int cpl) {
    c.mmu.shadowStacks().write(at, 8, value, cpl);
  }

  /// The linear address of `rip` in the code segment in use.
  static long linear(Vcpu c, long rip) {
    return c.isLongModeActive() && c.segments[SegmentRegister.CS].is(SegmentRegister.LONG)
        ? rip
        : c.segments[SegmentRegister.CS].base + rip & 0xFFFFFFFFL;
  }

  // Calls and events.

  /// A far CALL, or an event without an IST stack, that stays at its privilege level.
  ///
  /// @param to64 whether the target is 64-bit code
  static void prepareSame(Vcpu c, boolean to64, long returnRip, int ext) {
    c.cet.nextSsp = c.cet.ssp;
    if (c.shadowStackActive) {
      requireReachable(c, c.cet.ssp, to64, ext);
      pushAligned(c, c.cet.ssp, returnRip);
    }
  }

  /// A far JMP pushes nothing, but must not leave SSP out of reach.
  static void prepareJump(Vcpu c, boolean to64) {
    if (c.shadowStackActive) {
      requireReachable(c, c.cet.ssp, to64, 0);
    }
  }

  /// An event that stays at its privilege level and has the IST stack `index`.
  static void prepareInterruptStack(Vcpu c, int index, long returnRip, int ext) {
    c.cet.nextSsp = c.cet.ssp;
    if (c.shadowStackActive) {
      long ssp = interruptSsp(c, index);
      requireToken(c, ssp, true, c.cpl, ext);
      pushAligned(c, ssp, returnRip);
      write(c, ssp, ssp | BUSY, c.cpl);
    }
  }

  /// A call or an event to the inner privilege level `newCpl`, with IST stack `index` or 0.
  static void prepareInner(Vcpu c, int newCpl, boolean to64, int index, long returnRip, int ext) {
    c.cet.nextSsp = c.cet.ssp;
    if (!isEnabledAt(c, newCpl)) {
      return;
    }
    long ssp = index == 0 ? c.cet.privilegeSsp[newCpl] : interruptSsp(c, index);
    requireToken(c, ssp, to64, newCpl, ext);
    c.cet.nextSsp = c.cpl == 3 ? ssp : pushFrame(c, ssp, returnRip, newCpl);
    write(c, ssp, ssp | BUSY, newCpl);
  }

  private static long interruptSsp(Vcpu c, int index) {
    return c.mmu.readSystem(c.cet.interruptSspTable + 8L * index, 8);
  }

  /// The token at the base of a shadow stack to switch to: it holds its own address and is not
  /// busy. It and the frame lie within 32 aligned bytes.
  private static void requireToken(Vcpu c, long ssp, boolean to64, int cpl, int ext) {
    boolean sameRegion = (ssp & REGION_MASK) == (ssp - FRAME_BYTES & REGION_MASK);
    if ((ssp & 7) != 0 || !sameRegion) {
      throw c.fault.generalProtection(ext);
    }
    requireReachable(c, ssp, to64, ext);
    c.mmu.shadowStacks().probe(ssp, 8, cpl, AccessType.WRITE);
    if (read(c, ssp, cpl) != ssp) {
      throw c.fault.generalProtection(ext);
    }
  }

  /// Code outside 64-bit mode must have its shadow stack below 4 GiB.
  private static void requireReachable(Vcpu c, long ssp, boolean to64, int ext) {
    if (!to64 && ssp >>> 32 != 0) {
      throw c.fault.generalProtection(ext);
    }
  }

  /// Fills the hole that the alignment to 8 bytes may leave, and pushes the frame.
  private static void pushAligned(Vcpu c, long ssp, long returnRip) {
    c.mmu.shadowStacks().write(ssp - 4, 4, 0, c.cpl);
    c.cet.nextSsp = pushFrame(c, ssp & -8, returnRip, c.cpl);
  }

  private static long pushFrame(Vcpu c, long top, long returnRip, int cpl) {
    write(c, top - 8, c.segments[SegmentRegister.CS].selector & 0xFFFFL, cpl);
    write(c, top - 16, linear(c, returnRip), cpl);
    write(c, top - 24, c.cet.ssp, cpl);
    return top - FRAME_BYTES;
  }

  /// Goes on the shadow stack that was prepared. Call it while CPL is still the old one.
  static void commitCall(Vcpu c, int newCpl) {
    if (!c.cr4(ControlBits.CR4_CET)) {
      return;
    }
    if (newCpl != c.cpl && c.cpl == 3 && c.shadowStackActive) {
      c.cet.privilegeSsp[3] = adjusted(c, c.cet.ssp);
    }
    if (isEnabledAt(c, newCpl)) {
      c.cet.ssp = c.cet.nextSsp;
    }
    BranchTracking.expectEndbranch(c, newCpl);
  }

  /// A linear address as IA32_PL3_SSP takes it: canonical for the processor.
  static long adjusted(Vcpu c, long ssp) {
    return c.mmu.isLoadable(ssp) || !c.isLongModeActive() ? ssp : ssp << 16 >> 16;
  }

  // Returns.

  /// RETF and IRET to privilege `newCpl`: compares the frame with where the program wants to go.
  static void prepareReturn(Vcpu c, int selector, long target, int newCpl, boolean to64) {
    long ssp = c.cet.ssp;
    c.cet.nextSsp = ssp;
    if (c.shadowStackActive) {
      if ((ssp & 7) != 0) {
        throw fault(c, CP_FAR_RET);
      }
      if (newCpl != 3 || c.cpl == 3) {
        c.cet.nextSsp = popFrame(c, ssp, selector, target);
      }
    }
    boolean outer = newCpl != c.cpl;
    if (outer && newCpl == 3) {
      c.cet.nextSsp = c.cet.privilegeSsp[3];
    }
    boolean applies = outer ? isEnabledAt(c, newCpl) : c.shadowStackActive;
    if (applies) {
      requireReachable(c, c.cet.nextSsp, to64, 0);
      if (to64 && !c.mmu.isCanonical(c.cet.nextSsp)) {
        throw c.fault.generalProtection(0);
      }
    }
  }

  private static long popFrame(Vcpu c, long ssp, int selector, long target) {
    long cs = read(c, ssp + 16, c.cpl);
    long rip = read(c, ssp + 8, c.cpl);
    long before = read(c, ssp, c.cpl);
    if (cs != selector || rip != target || (before & 3) != 0) {
      throw fault(c, CP_FAR_RET);
    }
    return before;
  }

  /// RETF, and IRET to outer code: leaves the shadow stack and frees it. Call it while CPL is still
  /// the old one.
  static void commitReturn(Vcpu c, int newCpl) {
    if (!c.cr4(ControlBits.CR4_CET)) {
      return;
    }
    long token = NO_TOKEN;
    if (c.shadowStackActive && newCpl != c.cpl) {
      token = newCpl == 3 ? c.cet.ssp : c.cet.ssp + FRAME_BYTES;
    }
    leave(c, newCpl, token);
  }

  /// IRET to the same privilege level: in long mode the event may have come on an IST stack.
  static void commitInterruptReturn(Vcpu c) {
    if (!c.shadowStackActive) {
      return;
    }
    long after = c.cet.ssp + FRAME_BYTES;
    boolean switched = c.isLongModeActive() && c.cet.nextSsp != after;
    leave(c, c.cpl, switched ? after : NO_TOKEN);
  }

  /// IRET to virtual-8086 mode, which has no shadow stack: frees that of the monitor.
  static void leaveForVm86(Vcpu c) {
    if (!c.shadowStackActive) {
      return;
    }
    if ((c.cet.ssp & 7) != 0) {
      throw fault(c, CP_FAR_RET);
    }
    release(c, c.cet.ssp);
  }

  static void release(Vcpu c, long token) {
    if (token != NO_TOKEN && read(c, token, c.cpl) == (token | BUSY)) {
      write(c, token, token, c.cpl);
    }
  }

  private static void leave(Vcpu c, int newCpl, long token) {
    release(c, token);
    if (isEnabledAt(c, newCpl)) {
      c.cet.ssp = c.cet.nextSsp;
    }
  }

  // SYSCALL, SYSENTER, SYSRET, SYSEXIT: no frames, no tokens.

  /// Call it while CPL is still the old one.
  static void enterFast(Vcpu c) {
    if (!c.cr4(ControlBits.CR4_CET)) {
      return;
    }
    if (c.shadowStackActive && c.cpl == 3) {
      c.cet.privilegeSsp[3] = adjusted(c, c.cet.ssp);
    }
    if (isEnabledAt(c, 0)) {
      c.cet.ssp = 0;
    }
    BranchTracking.expectEndbranch(c, 0);
  }

  static void leaveFast(Vcpu c) {
    if (isEnabledAt(c, 3)) {
      c.cet.ssp = c.cet.privilegeSsp[3];
    }
  }
}
