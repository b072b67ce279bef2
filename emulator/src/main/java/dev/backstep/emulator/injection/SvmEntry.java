package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Event injection by SVM: Linux arch/x86/kvm/svm/svm.c, svm_inject_exception, svm_inject_irq and
/// svm_inject_nmi, on a processor with next-RIP save.
///
/// For #BP, #OF and INT n KVM tells the processor where the handler returns (next RIP): it skips
/// the instruction at RIP, whichever that is, and gives the event up if it cannot be read
/// (svm_update_soft_interrupt_rip).
public final class SvmEntry implements EntryPolicy {
  /// Reads the guest's code.
  public interface NextInstruction {
    /// Length in bytes of the instruction at RIP.
    ///
    /// @throws GuestFault if it cannot be fetched
    int length(Vcpu c);
  }

  private final NextInstruction next;

  public SvmEntry(NextInstruction next) {
    this.next = next;
  }

  @Override
  public EntryAttempt attempt(Vcpu c, @Nullable InjectedEvent event) {
    if (event == null) {
      return EntryAttempt.QUIET;
    }
    boolean soft =
        event.type() == EventType.SOFTWARE_INTERRUPT
            || event.type() == EventType.HARDWARE_EXCEPTION && KvmEventQueue.isSoft(event.vector());
    int length = 0;
    if (soft) {
      try {
        length = next.length(c);
      } catch (GuestFault _) {
        return new EntryAttempt.Drops(
            event, "KVM cannot skip the instruction at RIP: svm_update_soft_interrupt_rip");
      }
    }
    var field = InterruptionInformation.of(event.type(), event.vector(), event.hasErrorCode());
    FailedCheck failed =
        SvmEventChecks.firstFailure(
            new SvmEventFields(field, event.errorCode(), c.mode == CpuMode.LONG64));
    if (failed != null) {
      return new EntryAttempt.Fails(
          event, failed, "invalid_guest_state", SvmEventChecks.VMEXIT_INVALID);
    }
    return new EntryAttempt.Injects(soft ? event.as(softType(event), length) : event, "");
  }

  private static EventType softType(InjectedEvent event) {
    return event.type() == EventType.SOFTWARE_INTERRUPT
        ? EventType.SOFTWARE_INTERRUPT
        : EventType.SOFTWARE_EXCEPTION;
  }

  /// The VMCB has one bit for both: svm_get_interrupt_shadow.
  @Override
  public int shadow(Vcpu c) {
    return c.interruptShadow ? SHADOW_MOV_SS | SHADOW_STI : 0;
  }

  @Override
  public int settled(int shadow) {
    return shadow;
  }

  @Override
  public String completion() {
    return "svm_complete_interrupts";
  }
}
