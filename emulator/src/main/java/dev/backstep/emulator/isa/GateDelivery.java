package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.InnerStack;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Delivery through the IDT of protected mode and virtual-8086 mode. SDM Vol. 3 "Exception- or
/// Interrupt-Handler Procedures", "Interrupt Tasks", "Class 1—Hardware Interrupt and Exception
/// Handling in Virtual-8086 Mode"; the order of checks is that of Vol. 2 "INT n".
final class GateDelivery {
  private static final int GATE_BYTES = 8;

  /// Error code bit 1: the index is one of the IDT.
  static final int CODE_IDT = 2;

  /// Flags that every handler starts with clear.
  static final int CLEARED = Rflags.TF | Rflags.NT | Rflags.RF | Rflags.VM;

  private GateDelivery() {}

  static void deliver(Vcpu c, int vector, long errorCode, EventDelivery.Kind kind, int extraFlags) {
    int ext = kind.ext();
    int idtCode = vector * GATE_BYTES + CODE_IDT + ext;
    if (vector * GATE_BYTES + GATE_BYTES - 1 > c.idtLimit) {
      throw c.fault.generalProtection(idtCode);
    }
    long gate = c.mmu.readSystem(c.idtBase + (long) vector * GATE_BYTES & 0xFFFFFFFFL, GATE_BYTES);
    int type = Descriptor.type(gate);
    if (!Descriptor.isSystem(gate) || !isEventGate(type)) {
      throw c.fault.generalProtection(idtCode);
    }
    if (kind.checksGatePrivilege() && Descriptor.dpl(gate) < c.cpl) {
      throw c.fault.generalProtection(idtCode);
    }
    if (!Descriptor.isPresent(gate)) {
      throw c.fault.withCode(GuestFault.NP, idtCode);
    }
    if (type == Descriptor.TASK_GATE) {
      TaskSwitch.forEvent(c, gate, errorCode, kind, extraFlags);
      return;
    }
    enter(c, gate, errorCode, ext, extraFlags);
  }

  private static boolean isEventGate(int type) {
    return switch (type) {
      case Descriptor.TASK_GATE,
          Descriptor.INTERRUPT_GATE16,
          Descriptor.TRAP_GATE16,
          Descriptor.INTERRUPT_GATE32,
          Descriptor.TRAP_GATE32 ->
          true;
      default -> false;
    };
  }

  private static void enter(Vcpu c, long gate, long errorCode, int ext, int extraFlags) {
    int selector = Descriptor.gateSelector(gate);
    long d = fetchTarget(c, selector, ext);
    int dpl = Descriptor.dpl(d);
    boolean inner = !Descriptor.isConforming(d) && dpl < c.cpl;
    boolean fromVm86 = c.mode == CpuMode.VM86;
    if (fromVm86 && (!inner || dpl != 0)) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, ext));
    }
    boolean is32 = (Descriptor.type(gate) & Descriptor.TYPE_32BIT) != 0;
    int bytes = is32 ? 4 : 2;
    int newCpl = inner ? dpl : c.cpl;
    InnerStack stack = c.innerStack;
    if (inner) {
      StackSwitch.fromTss(c, newCpl, ext);
    } else {
      stack.startCurrent(c, ext);
    }
    int slots = (fromVm86 ? 9 : inner ? 5 : 3) + (errorCode == EventDelivery.NO_ERROR_CODE ? 0 : 1);
    stack.requireRoom(c, slots * bytes);
    long rip = is32 ? Descriptor.gateOffset(gate) : gate & 0xFFFF;
    CodeSegments.requireTarget(c, d, rip, ext);
    if (fromVm86) {
      pushVm86Segments(c, stack, bytes);
    }
    if (inner) {
      stack.push(c, c.segments[SegmentRegister.SS].selector, bytes);
      stack.push(c, c.gpr[Vcpu.RSP], bytes);
    }
    pushReturn(c, stack, bytes, errorCode, extraFlags);
    DescriptorFetch.markAccessed(c, selector, d);
    if (inner) {
      ShadowStack.prepareInner(c, newCpl, false, 0, c.rip, ext);
    } else {
      ShadowStack.prepareSame(c, false, c.rip, ext);
    }
    if (fromVm86) {
      dropVm86Segments(c);
    }
    stack.commit(c);
    ShadowStack.commitCall(c, newCpl);
    clearFlags(c, gate);
    CodeSegments.commit(c, selector, d, newCpl, rip);
  }

  /// The handler's code segment, checked but for what depends on the privilege change.
  static long fetchTarget(Vcpu c, int selector, int ext) {
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.generalProtection(ext);
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.GP, ext);
    if (!Descriptor.isCode(d) || Descriptor.dpl(d) > c.cpl) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, ext));
    }
    CodeSegments.requireLongTarget(c, selector, d, ext);
    CodeSegments.requirePresent(c, selector, d, ext);
    return d;
  }

  /// EFLAGS, CS, EIP and the error code.
  static void pushReturn(Vcpu c, InnerStack stack, int bytes, long errorCode, int extraFlags) {
    stack.push(c, c.rflags() | extraFlags, bytes);
    stack.push(c, c.segments[SegmentRegister.CS].selector, bytes);
    stack.push(c, c.rip, bytes);
    if (errorCode != EventDelivery.NO_ERROR_CODE) {
      stack.push(c, errorCode, bytes);
    }
  }

  /// Interrupt gates clear IF, trap gates leave it.
  static void clearFlags(Vcpu c, long gate) {
    boolean interruptGate = (Descriptor.type(gate) & 1) == 0;
    int cleared = interruptGate ? CLEARED | Rflags.IF : CLEARED;
    c.setRflags(c.rflags() & ~(long) cleared);
  }

  private static void pushVm86Segments(Vcpu c, InnerStack stack, int bytes) {
    stack.push(c, c.segments[SegmentRegister.GS].selector, bytes);
    stack.push(c, c.segments[SegmentRegister.FS].selector, bytes);
    stack.push(c, c.segments[SegmentRegister.DS].selector, bytes);
    stack.push(c, c.segments[SegmentRegister.ES].selector, bytes);
  }

  private static void dropVm86Segments(Vcpu c) {
    drop(c, SegmentRegister.GS);
    drop(c, SegmentRegister.FS);
    drop(c, SegmentRegister.DS);
    drop(c, SegmentRegister.ES);
  }

  private static void drop(Vcpu c, int segment) {
    c.segments[segment].set(0, 0, 0, 0, false);
    c.mmu.segmentChanged(segment);
  }
}
