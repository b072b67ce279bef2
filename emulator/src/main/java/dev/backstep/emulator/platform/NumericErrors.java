package dev.backstep.emulator.platform;

/// What becomes of an x87 exception while CR0.NE is clear.
public enum NumericErrors {
  /// FERR# raises interrupt 13, port F0h asserts IGNNE#: a PC.
  INTERRUPT_13,

  /// #MF: VMX fixes CR0.NE to 1 (KVM_VM_CR0_ALWAYS_ON_UNRESTRICTED_GUEST), and the guest's 0 is but
  /// the read shadow.
  EXCEPTION_16,

  /// The processor freezes, and nobody takes FERR#: KVM's init_vmcb does not intercept FERR_FREEZE,
  /// and no interrupt comes of it.
  UNCONNECTED
}
