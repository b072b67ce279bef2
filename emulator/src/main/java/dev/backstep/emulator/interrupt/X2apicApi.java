package dev.backstep.emulator.interrupt;

/// What a hypervisor's user asked for with KVM_CAP_X2APIC_API. Asked at the time of use. Linux
/// Documentation/virt/kvm/api.rst, "KVM_CAP_X2APIC_API".
public interface X2apicApi {
  /// KVM_X2APIC_API_USE_32BIT_IDS: a vCPU whose ID does not fit into a byte can be reached while it
  /// is in xAPIC mode, xAPIC IDs that several have are passed over, and MSIs have wide
  /// destinations.
  boolean uses32BitIds();

  /// KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK: FFH in a message of an IOAPIC or a device is no
  /// broadcast to local APICs in x2APIC mode.
  boolean isBroadcastQuirkDisabled();
}
