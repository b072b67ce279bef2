package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.interrupt.Icr.Shorthand;

/// An interrupt on its way to local APICs: an IPI, or a message of an IOAPIC or a device (MSI).
///
/// @param destination 8 bits, or 32 when an x2APIC sends or a hypervisor takes MSIs of that width
/// @param shorthand of an IPI; it replaces the destination
/// @param redirection the redirection hint of an MSI
public record InterruptMessage(
    int vector,
    DeliveryMode deliveryMode,
    TriggerMode triggerMode,
    DestinationMode destinationMode,
    long destination,
    Shorthand shorthand,
    Redirection redirection,
    Origin origin) {

  private static final int REDIRECTION_HINT = 1 << 3;
  private static final int LOGICAL = 1 << 2;

  /// Who sends: it decides how wide a destination is and what "all" looks like.
  public enum Origin {
    XAPIC_IPI,
    X2APIC_IPI,
    INTERRUPT_MESSAGE,
    /// A hypervisor that looks its target up by APIC ID because a guest asked for it.
    HYPERCALL
  }

  /// Redirection hint indication. SDM Vol. 3 "Message Address Register Format".
  public enum Redirection {
    NONE,
    HINTED
  }

  public InterruptMessage {
    if (vector < 0 || vector > 0xFF) {
      throw new AssertionError("vector " + vector);
    }
    if (destination >>> 32 != 0) {
      throw new AssertionError("destination 0x" + Long.toHexString(destination));
    }
  }

  /// One that names its destination and hints at nothing.
  public InterruptMessage(
      int vector,
      DeliveryMode deliveryMode,
      TriggerMode triggerMode,
      DestinationMode destinationMode,
      long destination,
      Origin origin) {
    this(
        vector,
        deliveryMode,
        triggerMode,
        destinationMode,
        destination,
        Shorthand.NONE,
        Redirection.NONE,
        origin);
  }

  static InterruptMessage ofIpi(Icr icr, ApicMode senderMode) {
    return new InterruptMessage(
        icr.vector(),
        icr.deliveryMode(),
        icr.triggerMode(),
        icr.destinationMode(),
        icr.destination(senderMode),
        icr.shorthand(),
        Redirection.NONE,
        senderMode == ApicMode.X2APIC ? Origin.X2APIC_IPI : Origin.XAPIC_IPI);
  }

  static InterruptMessage ofHypercall(Icr icr, long apicId) {
    return new InterruptMessage(
        icr.vector(),
        icr.deliveryMode(),
        icr.triggerMode(),
        DestinationMode.PHYSICAL,
        apicId,
        Origin.HYPERCALL);
  }

  /// A message-signalled interrupt. SDM Vol. 3 "Message Signalled Interrupts": address = FEEh,
  /// 19:12 destination, 3 redirection hint, 2 destination mode; value = 15 trigger, 14 level, 10:8
  /// delivery mode, 7:0 vector.
  public static InterruptMessage ofMsi(long address, int value) {
    return ofMsi(address, value, address >>> 12 & 0xFF);
  }

  /// One whose address has bits 31:8 of the destination in bits 63:40, as KVM's users write it.
  /// Linux Documentation/virt/kvm/api.rst, KVM_CAP_X2APIC_API.
  static InterruptMessage ofWideMsi(long address, int value) {
    return ofMsi(address, value, address >>> 40 << 8 | address >>> 12 & 0xFF);
  }

  private static InterruptMessage ofMsi(long address, int value, long destination) {
    return new InterruptMessage(
        value & 0xFF,
        DeliveryMode.of(value >>> 8),
        (value & 1 << 15) == 0 ? TriggerMode.EDGE : TriggerMode.LEVEL,
        (address & LOGICAL) == 0 ? DestinationMode.PHYSICAL : DestinationMode.LOGICAL,
        destination,
        Shorthand.NONE,
        (address & REDIRECTION_HINT) == 0 ? Redirection.NONE : Redirection.HINTED,
        Origin.INTERRUPT_MESSAGE);
  }

  /// Whether it goes to one of those it names.
  boolean isForLowestPriority() {
    return deliveryMode == DeliveryMode.LOWEST_PRIORITY || redirection == Redirection.HINTED;
  }
}
