package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Which of the queued events a VM entry injects: Linux arch/x86/kvm/x86.c,
/// kvm_check_and_inject_events. An exception that was injected before comes first, then one that is
/// pending, then an NMI and an interrupt that were injected before. New NMIs and interrupts follow
/// through the vCPU's own gate.
final class NextEvent {
  /// B0 to B3 of DR6.
  private static final long BREAKPOINTS = 0xF;

  /// Of VMX's pending debug exceptions; no bit of DR6.
  private static final long ENABLED_BREAKPOINT = 1 << 12;

  private NextEvent() {}

  /// Takes the event from the queue, with its side effects on the guest; null if there is none.
  static @Nullable InjectedEvent take(KvmEventQueue queue, Vcpu c, RealModeCodes codes) {
    if (queue.exceptionInjected || queue.exceptionPending) {
      if (!queue.exceptionInjected) {
        becomeInjected(queue, c);
      }
      queue.exceptionInjected = false;
      return exception(queue, c, codes);
    }
    if (queue.nmiInjected) {
      queue.nmiInjected = false;
      return InjectedEvent.of(EventType.NMI, GuestFault.NMI);
    }
    if (queue.interruptInjected) {
      queue.interruptInjected = false;
      return InjectedEvent.of(
          queue.interruptIsSoft ? EventType.SOFTWARE_INTERRUPT : EventType.EXTERNAL_INTERRUPT,
          queue.interruptVector);
    }
    return null;
  }

  /// A pending exception's side effects: RF in the flags that its handler finds, unless it is a
  /// trap, an abort or #DB; DR7.GD.
  private static void becomeInjected(KvmEventQueue queue, Vcpu c) {
    queue.exceptionPending = false;
    switch (queue.vector) {
      case GuestFault.DB -> {
        deliverPayload(queue, c);
        c.dr[7] &= ~ControlBits.DR7_GD;
      }
      case GuestFault.BP, GuestFault.OF, GuestFault.DF, GuestFault.MC -> {}
      default -> {
        c.systemFlags |= Rflags.RF;
        c.updateStepping();
      }
    }
  }

  /// kvm_inject_exception.
  private static InjectedEvent exception(KvmEventQueue queue, Vcpu c, RealModeCodes codes) {
    deliverPayload(queue, c);
    boolean mayHaveCode = codes == RealModeCodes.KEPT || c.cr0(ControlBits.CR0_PE);
    boolean hasCode = queue.hasErrorCode && mayHaveCode;
    InjectedEvent event = InjectedEvent.of(EventType.HARDWARE_EXCEPTION, queue.vector);
    return hasCode ? event.withCode(queue.errorCode) : event;
  }

  /// kvm_deliver_exception_payload: CR2 for #PF; for #DB the bits of DR6, in the layout of VMX's
  /// pending debug exceptions, whose bits 11:4 and 31:16 are active where DR6's are clear, and
  /// whose bit 12 DR6 does not have.
  static void deliverPayload(KvmEventQueue queue, Vcpu c) {
    if (!queue.hasPayload) {
      return;
    }
    if (queue.vector == GuestFault.PF) {
      c.cr2 = queue.payload;
    } else if (queue.vector == GuestFault.DB) {
      long dr6 = c.dr[6] & ~BREAKPOINTS | ControlBits.DR6_FIXED | queue.payload;
      dr6 ^= queue.payload & ControlBits.DR6_FIXED;
      c.dr[6] = dr6 & ~ENABLED_BREAKPOINT;
    }
    queue.hasPayload = false;
    queue.payload = 0;
  }
}
