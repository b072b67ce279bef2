package dev.backstep.emulator.injection;

/// What KVM does with the error code of an exception that it injects in real-address mode, where no
/// exception has one: Linux arch/x86/kvm/x86.c, kvm_inject_exception.
public enum RealModeCodes {
  /// Takes it away: since Linux 6.3, commit 6c41468c7c12 ("Clear has_error_code, not error_code,
  /// for RM exception injection").
  DROPPED,

  /// Leaves it to the processor: before.
  KEPT
}
