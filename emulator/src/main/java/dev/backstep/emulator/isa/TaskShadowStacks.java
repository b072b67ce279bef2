package dev.backstep.emulator.isa;

import dev.backstep.emulator.mmu.AccessType;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.ControlFlowState.TaskFrame;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// What task switches do with shadow stacks and branch tracking. SDM Vol. 3 "Executing a Task",
/// "Task Switching" and its table "Exception Conditions Checked During a Task Switch", Vol. 1
/// "Shadow Stack Usage on Task Switch".
///
/// The SSP of the task that is left never goes into its TSS. CALL and events push it, with CS and
/// the return address, onto the shadow stack of the new task, whose SSP its TSS has and which must
/// have a free token there; IRET takes it from where it is and frees the token. From CPL 3 to an
/// inner level IA32_PL3_SSP keeps it instead. JMP abandons a shadow stack as it is. Where the steps
/// look for the token by the SSP before the switch, the table of faults is followed, which names
/// the TSS's. No processor was at hand to check this against; that a task in virtual-8086 mode is
/// refused is what Bochs reads there.
final class TaskShadowStacks {
  private TaskShadowStacks() {}

  /// IRET with an SSP that is not aligned is #TS of the task that executes it.
  static void requireAligned(Vcpu c, TaskSwitch.Cause cause, int ext) {
    if (cause == TaskSwitch.Cause.IRET && c.shadowStackActive && (c.cet.ssp & 7) != 0) {
      throw c.fault.withCode(GuestFault.TS, DescriptorFetch.code(c.tr.selector, ext));
    }
  }

  /// Before the switch changes anything: all that reading the old task's shadow stack may fault on.
  static void prepare(Vcpu c, TaskSwitch.Cause cause, int newCpl, long returnRip) {
    ControlFlowState cet = c.cet;
    cet.taskFrame = TaskFrame.NONE;
    cet.nextSsp = cet.ssp;
    if (!c.shadowStackActive) {
      return;
    }
    if (cause.nests()) {
      if (c.cpl == 3 && newCpl < 3) {
        return;
      }
      cet.taskFrame = TaskFrame.PUSHED;
      cet.taskFrameSelector = c.segments[SegmentRegister.CS].selector & 0xFFFFL;
      cet.taskFrameAddress = ShadowStack.linear(c, returnRip);
      cet.taskFrameSsp = cet.ssp;
    }
    if (cause == TaskSwitch.Cause.IRET) {
      prepareReturn(c, newCpl);
    }
  }

  private static void prepareReturn(Vcpu c, int newCpl) {
    ControlFlowState cet = c.cet;
    cet.nextSsp = cet.privilegeSsp[3];
    if (newCpl < 3 || c.cpl == 3) {
      cet.taskFrame = TaskFrame.POPPED;
      cet.taskFrameSsp = ShadowStack.read(c, cet.ssp, c.cpl);
      cet.taskFrameAddress = ShadowStack.read(c, cet.ssp + 8, c.cpl);
      cet.taskFrameSelector = ShadowStack.read(c, cet.ssp + 16, c.cpl);
      cet.nextSsp = cet.taskFrameSsp;
    }
    c.mmu.shadowStacks().probe(token(cet), 8, c.cpl, AccessType.WRITE);
  }

  /// Where the token of the shadow stack that IRET leaves is.
  private static long token(ControlFlowState cet) {
    return cet.taskFrame == TaskFrame.POPPED ? cet.ssp + ShadowStack.FRAME_BYTES : cet.ssp;
  }

  /// The old task is saved, CPL still the old one: leaves its shadow stack.
  static void leave(Vcpu c, TaskSwitch.Cause cause) {
    if (!c.shadowStackActive) {
      return;
    }
    if (cause == TaskSwitch.Cause.IRET) {
      ShadowStack.release(c, token(c.cet));
      c.cet.ssp = 0;
    }
    if (cause.nests() && c.cet.taskFrame == TaskFrame.NONE) {
      c.cet.privilegeSsp[3] = ShadowStack.adjusted(c, c.cet.ssp);
    }
  }

  /// The new task is in the registers. Faults are its own.
  static void enter(Vcpu c, TaskSwitch.Cause cause, int ext) {
    boolean hasShadowStack = ShadowStack.isEnabledAt(c, c.cpl);
    boolean enforces = hasShadowStack || BranchTracking.isEnabledAt(c, c.cpl);
    if (enforces && c.flag(Rflags.VM)) {
      throw badTask(c, ext);
    }
    if (cause == TaskSwitch.Cause.IRET) {
      returnTo(c, hasShadowStack);
      return;
    }
    if (hasShadowStack) {
      establish(c, ext);
    }
    BranchTracking.expectEndbranch(c, c.cpl);
  }

  private static GuestFault badTask(Vcpu c, int ext) {
    return c.fault.withCode(GuestFault.TS, DescriptorFetch.code(c.tr.selector, ext));
  }

  /// Goes on the shadow stack of the TSS and takes its token.
  private static void establish(Vcpu c, int ext) {
    long ssp = TaskState.shadowStackPointer(c, c.tr.base);
    if ((ssp & 7) != 0) {
      throw badTask(c, ext);
    }
    c.mmu.shadowStacks().probe(ssp, 8, c.cpl, AccessType.WRITE);
    if (ShadowStack.read(c, ssp, c.cpl) != ssp) {
      throw badTask(c, ext);
    }
    long top = ssp;
    if (c.cet.taskFrame == TaskFrame.PUSHED) {
      ShadowStack.write(c, ssp - 8, c.cet.taskFrameSelector, c.cpl);
      ShadowStack.write(c, ssp - 16, c.cet.taskFrameAddress, c.cpl);
      ShadowStack.write(c, ssp - 24, c.cet.taskFrameSsp, c.cpl);
      top = ssp - ShadowStack.FRAME_BYTES;
    }
    ShadowStack.write(c, ssp, ssp | ShadowStack.BUSY, c.cpl);
    c.cet.ssp = top;
  }

  /// IRET goes where the frame says, and back on the shadow stack that it names.
  private static void returnTo(Vcpu c, boolean hasShadowStack) {
    ControlFlowState cet = c.cet;
    if (cet.taskFrame == TaskFrame.POPPED) {
      boolean same =
          cet.taskFrameSelector == (c.segments[SegmentRegister.CS].selector & 0xFFFFL)
              && cet.taskFrameAddress == ShadowStack.linear(c, c.rip);
      if (!same) {
        throw ShadowStack.fault(c, ShadowStack.CP_FAR_RET);
      }
    }
    if (!hasShadowStack) {
      return;
    }
    if ((cet.nextSsp & 3) != 0 || cet.nextSsp >>> 32 != 0) {
      throw ShadowStack.fault(c, ShadowStack.CP_FAR_RET);
    }
    cet.ssp = cet.nextSsp;
  }
}
