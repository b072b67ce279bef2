package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.InnerStack;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Delivery through the IDT of long mode, from 64-bit and compatibility mode alike: 16-byte gates,
/// 64-bit handlers, a frame of eight-byte slots on a stack aligned to 16 bytes. SDM Vol. 3
/// "Exception and Interrupt Handling in 64-bit Mode".
final class LongModeDelivery {
  private static final int GATE_BYTES = 16;
  private static final long STACK_ALIGNMENT = 16;

  private LongModeDelivery() {}

  static void deliver(Vcpu c, int vector, long errorCode, EventDelivery.Kind kind, int extraFlags) {
    int ext = kind.ext();
    // The error code counts entries of 8 bytes in every mode.
    int idtCode = vector * 8 + GateDelivery.CODE_IDT + ext;
    if (vector * GATE_BYTES + GATE_BYTES - 1 > c.idtLimit) {
      throw c.fault.generalProtection(idtCode);
    }
    long entry = c.idtBase + (long) vector * GATE_BYTES;
    long gate = c.mmu.readSystem(entry, 8);
    int type = Descriptor.type(gate);
    boolean eventGate = type == Descriptor.INTERRUPT_GATE32 || type == Descriptor.TRAP_GATE32;
    if (!Descriptor.isSystem(gate) || !eventGate) {
      throw c.fault.generalProtection(idtCode);
    }
    if (kind.checksGatePrivilege() && Descriptor.dpl(gate) < c.cpl) {
      throw c.fault.generalProtection(idtCode);
    }
    if (!Descriptor.isPresent(gate)) {
      throw c.fault.withCode(GuestFault.NP, idtCode);
    }
    long rip = c.mmu.readSystem(entry + 8, 4) << 32 | Descriptor.gateOffset(gate);
    enter(c, gate, rip, errorCode, ext, extraFlags);
  }

  private static void enter(Vcpu c, long gate, long rip, long errorCode, int ext, int extraFlags) {
    int selector = Descriptor.gateSelector(gate);
    long d = GateDelivery.fetchTarget(c, selector, ext);
    int newCpl = Descriptor.isConforming(d) ? c.cpl : Descriptor.dpl(d);
    InnerStack stack = selectStack(c, gate, newCpl, ext);
    stack.pointer &= -STACK_ALIGNMENT;
    stack.requireRoom(c, errorCode == EventDelivery.NO_ERROR_CODE ? 5 * 8 : 6 * 8);
    CodeSegments.requireTarget(c, d, rip, ext);
    stack.push(c, c.segments[SegmentRegister.SS].selector, 8);
    stack.push(c, c.gpr[Vcpu.RSP], 8);
    GateDelivery.pushReturn(c, stack, 8, errorCode, extraFlags);
    DescriptorFetch.markAccessed(c, selector, d);
    prepareShadowStack(c, newCpl, Descriptor.interruptStack(gate), ext);
    stack.commit(c);
    ShadowStack.commitCall(c, newCpl);
    GateDelivery.clearFlags(c, gate);
    CodeSegments.commit(c, selector, d, newCpl, rip);
  }

  private static void prepareShadowStack(Vcpu c, int newCpl, int ist, int ext) {
    if (newCpl < c.cpl) {
      ShadowStack.prepareInner(c, newCpl, true, ist, c.rip, ext);
    } else if (ist != 0) {
      ShadowStack.prepareInterruptStack(c, ist, c.rip, ext);
    } else {
      ShadowStack.prepareSame(c, true, c.rip, ext);
    }
  }

  /// The stack of the gate's IST entry, else that of the inner privilege level, else the one in
  /// use.
  private static InnerStack selectStack(Vcpu c, long gate, int newCpl, int ext) {
    int ist = Descriptor.interruptStack(gate);
    if (ist != 0) {
      StackSwitch.fromInterruptStackTable(c, ist, newCpl, ext);
      if (newCpl == c.cpl) {
        // Without a privilege change SS stays as it is.
        c.innerStack.segment.copyFrom(c.segments[SegmentRegister.SS]);
      }
    } else if (newCpl < c.cpl) {
      StackSwitch.fromTss64(c, newCpl, ext);
    } else {
      StackSwitch.stay(c, ext);
    }
    return c.innerStack;
  }
}
