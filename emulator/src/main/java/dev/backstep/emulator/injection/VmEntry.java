package dev.backstep.emulator.injection;

import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.isa.EventDelivery;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Vcpu;

/// The VM entries of one vCPU, as far as KVM injects events by them.
///
/// Every turn of a vCPU on a hypervisor begins with a VM entry; only those after its user has
/// meddled are looked at.
public final class VmEntry {
  private final KvmEventQueue queue = new KvmEventQueue();
  private final EntryPolicy policy;
  private final RealModeCodes realModeCodes;
  private long hardwareReason;

  /// @param realModeCodes what becomes of error codes in real-address mode
  public VmEntry(EntryPolicy policy, RealModeCodes realModeCodes) {
    this.policy = policy;
    this.realModeCodes = realModeCodes;
  }

  KvmEventQueue queue() {
    return queue;
  }

  EntryPolicy policy() {
    return policy;
  }

  /// Whether what is queued makes a halted vCPU run: a pending exception and a triple fault do,
  /// events that were injected before wait for something else to wake it. Linux arch/x86/kvm,
  /// kvm_vcpu_has_events in x86.c and kvm_is_exception_pending in x86.h.
  public boolean wakes() {
    return queue.exceptionPending || queue.tripleFault;
  }

  /// Why the processor refused to enter the guest; of meaning once `Vcpu.entryFailed` is set.
  public long hardwareReason() {
    return hardwareReason;
  }

  /// Enters the guest with the next event.
  ///
  /// @return whether the guest goes on; it does not after a failed entry or a triple fault
  public boolean enter(Vcpu c) {
    if (c.entryFailed) {
      return false;
    }
    c.entryDue = false;
    if (queue.tripleFault) {
      queue.tripleFault = false;
      EventDelivery.tripleFault(c);
      return false;
    }
    EntryAttempt attempt = policy.attempt(c, NextEvent.take(queue, c, realModeCodes));
    switch (attempt) {
      case EntryAttempt.Quiet _ -> {}
      case EntryAttempt.Injects a -> {
        emit(c, a.event(), "delivered", "", a.remark());
        forgetRest(c);
        EventDelivery.injected(c, a.event());
      }
      case EntryAttempt.Drops a -> {
        emit(c, a.event(), "dropped", "", a.reason());
        forgetRest(c);
      }
      case EntryAttempt.Fails a -> fail(c, a);
    }
    return !c.entryFailed;
  }

  /// KVM_EXIT_FAIL_ENTRY.
  private void fail(Vcpu c, EntryAttempt.Fails a) {
    hardwareReason = a.hardwareReason();
    c.entryFailed = true;
    c.entryDue = true;
    String reason =
        "%s; KVM_EXIT_FAIL_ENTRY with hardware_entry_failure_reason 0x%x"
            .formatted(a.check().sentence(), hardwareReason);
    emit(c, a.event(), "vm-entry-failed", a.check().name(), reason);
    if (!a.exit().isEmpty() && c.events.isOn()) {
      c.events.emit(new MachineEvent.VmExit(c.at(), (int) hardwareReason, a.exit(), 0));
    }
  }

  /// What one entry did not inject is forgotten when the guest exits.
  private void forgetRest(Vcpu c) {
    String reason =
        "a VM entry injects one event, and KVM forgets the others after it: " + policy.completion();
    InjectedEvent left = NextEvent.take(queue, c, realModeCodes);
    while (left != null) {
      emit(c, left, "dropped", "", reason);
      left = NextEvent.take(queue, c, realModeCodes);
    }
  }

  /// A reset or INIT.
  public void reset() {
    queue.clear();
  }

  /// Writes what later behaviour depends on.
  public void save(StateSink sink) {
    queue.save(sink);
    sink.putLong(hardwareReason);
  }

  private static void emit(Vcpu c, InjectedEvent e, String outcome, String check, String reason) {
    if (c.events.isOn()) {
      c.events.emit(
          new MachineEvent.Injection(
              c.at(),
              e.vector(),
              e.type().text(),
              e.hasErrorCode(),
              e.errorCode(),
              outcome,
              check,
              reason));
    }
  }
}
