package dev.backstep.emulator.injection;

/// What becomes of a VM entry.
sealed interface EntryAttempt {
  /// The guest runs; no event is injected.
  record Quiet() implements EntryAttempt {}

  /// The guest runs, and before its first instruction the event is delivered.
  ///
  /// @param remark what the hypervisor changed in the event, or empty
  record Injects(InjectedEvent event, String remark) implements EntryAttempt {}

  /// The hypervisor gives the event up and the guest runs without it.
  record Drops(InjectedEvent event, String reason) implements EntryAttempt {}

  /// The processor refuses to enter the guest.
  ///
  /// @param event what was to be injected; of no meaning if nothing was
  /// @param exit name of the VM exit that the failure is, or empty: VMfail is none
  /// @param hardwareReason fail_entry.hardware_entry_failure_reason of KVM_EXIT_FAIL_ENTRY
  record Fails(InjectedEvent event, FailedCheck check, String exit, long hardwareReason)
      implements EntryAttempt {}

  EntryAttempt QUIET = new Quiet();
}
