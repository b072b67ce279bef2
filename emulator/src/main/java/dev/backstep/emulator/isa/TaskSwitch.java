package dev.backstep.emulator.isa;

import dev.backstep.emulator.mmu.AccessType;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.InnerStack;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Hardware task switches. SDM Vol. 3 "Task Management": the steps are those of "Task Switching",
/// the checks and their faults those of its table "Exception Conditions Checked During a Task
/// Switch".
///
/// Up to the point where the old task's state is saved a fault belongs to the old task. From there
/// on it belongs to the new task and is raised before that task's first instruction. What becomes
/// of shadow stacks is in [TaskShadowStacks].
final class TaskSwitch {
  /// What asked for the switch.
  enum Cause {
    JMP,
    CALL,
    IRET,
    /// An interrupt or exception through a task gate: nests like CALL.
    EVENT;

    /// Whether the new task can return to the old one.
    boolean nests() {
      return this == CALL || this == EVENT;
    }
  }

  private TaskSwitch() {}

  /// JMP or CALL through a task gate whose own checks passed.
  static void throughGate(Vcpu c, int gateSelector, long gate, Cause cause, long returnRip) {
    int selector = Descriptor.gateSelector(gate);
    long d = fetchAvailable(c, selector, 0);
    deliverOwnFaults(c, selector, d, cause, returnRip);
  }

  /// JMP or CALL to the TSS itself; privilege and presence were checked.
  static void toTss(Vcpu c, int selector, long d, Cause cause, long returnRip) {
    if (DescriptorFetch.isLocal(selector)) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
    deliverOwnFaults(c, selector, d, cause, returnRip);
  }

  /// IRET with NT set: back along the link. Every fault before the switch is #TS. SDM Vol. 2
  /// "IRET".
  static void returnFromNested(Vcpu c, long returnRip) {
    int selector = (int) c.mmu.readSystem(c.tr.base, 2);
    if (DescriptorFetch.isLocal(selector)) {
      throw c.fault.withCode(GuestFault.TS, DescriptorFetch.code(selector, 0));
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.TS, 0);
    int type = Descriptor.type(d);
    boolean busy = type == Descriptor.TSS16_BUSY || type == Descriptor.TSS32_BUSY;
    if (!Descriptor.isSystem(d) || !busy) {
      throw c.fault.withCode(GuestFault.TS, DescriptorFetch.code(selector, 0));
    }
    CodeSegments.requirePresent(c, selector, d, 0);
    deliverOwnFaults(c, selector, d, Cause.IRET, returnRip);
  }

  /// An event through a task gate of the IDT.
  static void forEvent(Vcpu c, long gate, long errorCode, EventDelivery.Kind kind, int extraFlags) {
    int ext = kind.ext();
    int selector = Descriptor.gateSelector(gate);
    long d = fetchAvailable(c, selector, ext);
    long flags = c.rflags() | extraFlags;
    leave(c, selector, d, Cause.EVENT, c.rip, flags, ext);
    if (kind == EventDelivery.Kind.EXTERNAL || kind == EventDelivery.Kind.EXCEPTION) {
      enter(c, d, Cause.EVENT, ext);
      pushErrorCode(c, d, errorCode, ext);
      return;
    }
    enterAndDeliverOwnFaults(c, d, Cause.EVENT, ext);
  }

  private static void deliverOwnFaults(Vcpu c, int selector, long d, Cause cause, long returnRip) {
    // SDM Vol. 3 "Single-Stepping on Branches": CALL, JMP and IRET that switch tasks never cause
    // a single-step trap.
    c.stepTrapSuppressed = true;
    leave(c, selector, d, cause, returnRip, c.rflags(), 0);
    enterAndDeliverOwnFaults(c, d, cause, 0);
  }

  /// A fault of the new task must not be taken for one of the old task's instruction.
  private static void enterAndDeliverOwnFaults(Vcpu c, long d, Cause cause, int ext) {
    try {
      enter(c, d, cause, ext);
    } catch (GuestFault fault) {
      EventDelivery.exception(c, fault);
    }
  }

  /// The descriptor of a TSS that a task gate names: in the GDT, available, present.
  private static long fetchAvailable(Vcpu c, int selector, int ext) {
    int code = DescriptorFetch.code(selector, ext);
    if (DescriptorFetch.isNull(selector) || DescriptorFetch.isLocal(selector)) {
      throw c.fault.generalProtection(code);
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.GP, ext);
    int type = Descriptor.type(d);
    boolean available = type == Descriptor.TSS16_AVAILABLE || type == Descriptor.TSS32_AVAILABLE;
    if (!Descriptor.isSystem(d) || !available) {
      throw c.fault.generalProtection(code);
    }
    CodeSegments.requirePresent(c, selector, d, ext);
    return d;
  }

  /// Everything up to the load of TR: afterwards the machine is in the new task, whose registers
  /// are still to be loaded.
  private static void leave(
      Vcpu c, int selector, long d, Cause cause, long returnRip, long flags, int ext) {
    int minimum = requireSize(c, selector, d, cause, ext);
    long newTss = Descriptor.base(d);
    probeAll(c, selector, newTss, minimum);
    TaskShadowStacks.prepare(c, cause, TaskState.privilege(c, newTss, d), returnRip);
    int oldSelector = c.tr.selector;
    if (!cause.nests()) {
      long old = c.mmu.readSystem(DescriptorFetch.gva(c, oldSelector), 8);
      int idle = Descriptor.type(old) & ~Descriptor.TYPE_BUSY;
      DescriptorFetch.writeType(c, oldSelector, old, idle);
    }
    long savedFlags = cause == Cause.IRET ? flags & ~(long) Rflags.NT : flags;
    TaskState.save(c, returnRip, savedFlags);
    TaskShadowStacks.leave(c, cause);
    if (cause.nests()) {
      c.mmu.writeSystem(newTss, 2, oldSelector);
    }
    int busy = Descriptor.type(d) | Descriptor.TYPE_BUSY;
    if (cause != Cause.IRET) {
      DescriptorFetch.writeType(c, selector, d, busy);
    }
    int access = Descriptor.access(d) | Descriptor.TYPE_BUSY;
    c.tr.set(selector, newTss, Descriptor.limit(d), access, true);
  }

  /// The last offset that the new TSS must have, after the check that it has it. With CR4.CET it
  /// must be of 32 bits and hold SSP.
  private static int requireSize(Vcpu c, int selector, long d, Cause cause, int ext) {
    TaskShadowStacks.requireAligned(c, cause, ext);
    boolean is32 = TaskState.is32(Descriptor.type(d));
    boolean enforces = c.cr4(ControlBits.CR4_CET);
    int minimum = is32 ? TaskState.MINIMUM_LIMIT32 : TaskState.MINIMUM_LIMIT16;
    if (enforces) {
      minimum = TaskState.MINIMUM_LIMIT_CET;
    }
    boolean tooSmall = Integer.compareUnsigned(Descriptor.limit(d), minimum) < 0;
    if (tooSmall || enforces && !is32) {
      throw c.fault.withCode(GuestFault.TS, DescriptorFetch.code(selector, ext));
    }
    return minimum;
  }

  /// Checks that nothing that the switch reads or writes in the two TSSs and the GDT can
  /// page-fault.
  private static void probeAll(Vcpu c, int selector, long newTss, int newMinimum) {
    boolean oldIs32 = TaskState.is32(c.tr.type());
    int oldBytes = 1 + (oldIs32 ? TaskState.MINIMUM_LIMIT32 : TaskState.MINIMUM_LIMIT16);
    c.mmu.probeLinear(c.tr.base, oldBytes, 0, AccessType.WRITE);
    c.mmu.probeLinear(newTss, newMinimum + 1, 0, AccessType.READ);
    c.mmu.probeLinear(newTss, 2, 0, AccessType.WRITE);
    c.mmu.probeLinear(DescriptorFetch.gva(c, selector), 8, 0, AccessType.WRITE);
    c.mmu.probeLinear(DescriptorFetch.gva(c, c.tr.selector), 8, 0, AccessType.WRITE);
  }

  /// Loads the new task's registers and qualifies its segments. Faults are the new task's.
  private static void enter(Vcpu c, long d, Cause cause, int ext) {
    boolean is32 = TaskState.is32(Descriptor.type(d));
    long tss = c.tr.base;
    long rip = TaskState.rip(c, tss, is32);
    long flags = TaskState.flags(c, tss, is32);
    TaskState.loadGeneralRegisters(c, tss, is32);
    for (int segment = 0; segment < 6; segment++) {
      int selector = TaskState.selector(c, tss, is32, segment);
      c.segments[segment].set(selector, 0, 0, 0, false);
    }
    c.ldtr.set(TaskState.ldtSelector(c, tss, is32), 0, 0, 0, false);
    boolean traps = TaskState.hasTrapBit(c, tss, is32);
    long cr3 = is32 && c.cr0(ControlBits.CR0_PG) ? TaskState.pageDirectoryBase(c, tss) : c.cr3;
    c.rip = rip;
    c.cr0 |= ControlBits.CR0_TS;
    setFlags(c, cause.nests() ? flags | Rflags.NT : flags, is32);
    c.cpl = c.flag(Rflags.VM) ? 3 : DescriptorFetch.rpl(c.segments[SegmentRegister.CS].selector);
    TaskState.clearLocalBreakpoints(c);
    try {
      // The new TSS was read before, where the old tables have it.
      loadPageDirectory(c, cr3);
      qualify(c, ext);
    } finally {
      for (int segment = 0; segment < 6; segment++) {
        c.mmu.segmentChanged(segment);
      }
      c.updateMode();
    }
    if (traps) {
      c.pendingDebugTraps |= ControlBits.DR6_BT;
    }
    TaskShadowStacks.enter(c, cause, ext);
    if (Long.compareUnsigned(rip, c.segments[SegmentRegister.CS].limit & 0xFFFFFFFFL) > 0) {
      throw c.fault.generalProtection(ext);
    }
  }

  private static void setFlags(Vcpu c, long flags, boolean is32) {
    long kept = is32 ? flags & 0x3F7FD5L : flags & 0x7FD5L;
    c.resumeFlagLoaded = true;
    c.setRflags(kept);
  }

  private static void loadPageDirectory(Vcpu c, long cr3) {
    if (cr3 == c.cr3) {
      return;
    }
    c.cr3 = cr3;
    boolean reserved = c.cr4(ControlBits.CR4_PAE) && !c.mmu.translations().loadPdptes(cr3);
    c.mmu.translations().flushContext(0, "task-switch");
    if (reserved) {
      throw c.fault.generalProtection(0);
    }
  }

  private static void qualify(Vcpu c, int ext) {
    loadLdt(c, ext);
    if (c.flag(Rflags.VM)) {
      loadVm86Segments(c);
      return;
    }
    loadStack(c, ext);
    loadCode(c, ext);
    loadData(c, SegmentRegister.DS, ext);
    loadData(c, SegmentRegister.ES, ext);
    loadData(c, SegmentRegister.FS, ext);
    loadData(c, SegmentRegister.GS, ext);
  }

  private static void loadLdt(Vcpu c, int ext) {
    int selector = c.ldtr.selector;
    if (DescriptorFetch.isNull(selector)) {
      return;
    }
    int code = DescriptorFetch.code(selector, ext);
    if (DescriptorFetch.isLocal(selector)) {
      throw c.fault.withCode(GuestFault.TS, code);
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.TS, ext);
    boolean isLdt = Descriptor.isSystem(d) && Descriptor.type(d) == Descriptor.LDT;
    if (!isLdt || !Descriptor.isPresent(d)) {
      throw c.fault.withCode(GuestFault.TS, code);
    }
    c.ldtr.set(selector, Descriptor.base(d), Descriptor.limit(d), Descriptor.access(d), true);
  }

  private static void loadVm86Segments(Vcpu c) {
    for (int segment = 0; segment < 6; segment++) {
      SegmentRegister s = c.segments[segment];
      long base = (long) s.selector << 4;
      s.set(s.selector, base, SegmentLoads.REAL_LIMIT, SegmentLoads.VM86_ACCESS, true);
    }
  }

  private static void loadStack(Vcpu c, int ext) {
    SegmentRegister ss = c.segments[SegmentRegister.SS];
    int selector = ss.selector;
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.withCode(GuestFault.TS, DescriptorFetch.code(selector, ext));
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.TS, ext);
    SegmentLoads.requireLoadableStack(c, selector, d, ext, GuestFault.TS, c.cpl);
    DescriptorFetch.markAccessed(c, selector, d);
    SegmentLoads.fill(ss, selector, d);
  }

  private static void loadCode(Vcpu c, int ext) {
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    int selector = cs.selector;
    int code = DescriptorFetch.code(selector, ext);
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.withCode(GuestFault.TS, code);
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.TS, ext);
    int dpl = Descriptor.dpl(d);
    boolean allowed =
        Descriptor.isCode(d) && (Descriptor.isConforming(d) ? dpl <= c.cpl : dpl == c.cpl);
    if (!allowed) {
      throw c.fault.withCode(GuestFault.TS, code);
    }
    CodeSegments.requirePresent(c, selector, d, ext);
    DescriptorFetch.markAccessed(c, selector, d);
    SegmentLoads.fill(cs, selector, d);
  }

  private static void loadData(Vcpu c, int segment, int ext) {
    SegmentRegister s = c.segments[segment];
    int selector = s.selector;
    if (DescriptorFetch.isNull(selector)) {
      return;
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.TS, ext);
    SegmentLoads.requireLoadableData(c, selector, d, ext, GuestFault.TS);
    DescriptorFetch.markAccessed(c, selector, d);
    SegmentLoads.fill(s, selector, d);
  }

  /// The error code goes onto the new task's stack, as wide as its TSS.
  private static void pushErrorCode(Vcpu c, long d, long errorCode, int ext) {
    if (errorCode == EventDelivery.NO_ERROR_CODE) {
      return;
    }
    InnerStack stack = c.innerStack;
    stack.startCurrent(c, ext);
    stack.push(c, errorCode, TaskState.is32(Descriptor.type(d)) ? 4 : 2);
    stack.commit(c);
  }
}
