package dev.backstep.emulator.control;

/// struct kvm_vcpu_events: what waits to be delivered to a vCPU. Linux
/// Documentation/virt/kvm/api.rst, KVM_GET_VCPU_EVENTS.
///
/// @param flags which of the optional parts are meant: the KVM_VCPUEVENT_VALID_ bits
public record VcpuEvents(
    PendingException exception,
    PendingInterrupt interrupt,
    NonMaskable nmi,
    int sipiVector,
    boolean tripleFaultPending,
    int flags) {
  public static final int VALID_NMI_PENDING = 1;
  public static final int VALID_SIPI_VECTOR = 1 << 1;
  public static final int VALID_SHADOW = 1 << 2;
  public static final int VALID_SMM = 1 << 3;
  public static final int VALID_PAYLOAD = 1 << 4;
  public static final int VALID_TRIPLE_FAULT = 1 << 5;

  /// @param nr the vector
  /// @param errorCode 32 bits; of meaning with `hasErrorCode`
  /// @param payload CR2 of #PF, DR6 bits of #DB; of meaning with `hasPayload`
  public record PendingException(
      boolean injected,
      boolean pending,
      int nr,
      boolean hasErrorCode,
      int errorCode,
      boolean hasPayload,
      long payload) {
    public static final PendingException NONE =
        new PendingException(false, false, 0, false, 0, false, 0);
  }

  /// @param soft INT n
  /// @param shadow KVM_X86_SHADOW_INT_MOV_SS 1, KVM_X86_SHADOW_INT_STI 2
  public record PendingInterrupt(boolean injected, int nr, boolean soft, int shadow) {
    public static final PendingInterrupt NONE = new PendingInterrupt(false, 0, false, 0);
  }

  /// The non-maskable interrupt.
  public record NonMaskable(boolean injected, boolean pending, boolean masked) {
    public static final NonMaskable NONE = new NonMaskable(false, false, false);
  }

  /// Nothing but an exception.
  public static VcpuEvents of(PendingException exception) {
    return new VcpuEvents(exception, PendingInterrupt.NONE, NonMaskable.NONE, 0, false, 0);
  }
}
