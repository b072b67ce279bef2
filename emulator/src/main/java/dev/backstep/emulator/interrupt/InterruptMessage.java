package dev.backstep.emulator.interrupt;

/// An interrupt on its way to local APICs: an IPI, or a message of an IOAPIC or a device (MSI).
///
/// @param destination 8 bits, or 32 when an x2APIC sends
public record InterruptMessage(
    int vector,
    DeliveryMode deliveryMode,
    TriggerMode triggerMode,
    DestinationMode destinationMode,
    long destination,
    Origin origin) {

  /// Who sends: it decides how wide a destination is and what "all" looks like.
  public enum Origin {
    XAPIC_IPI,
    X2APIC_IPI,
    INTERRUPT_MESSAGE
  }

  public InterruptMessage {
    if (vector < 0 || vector > 0xFF) {
      throw new AssertionError("vector " + vector);
    }
    if (destination >>> 32 != 0) {
      throw new AssertionError("destination 0x" + Long.toHexString(destination));
    }
  }

  static InterruptMessage ofIpi(Icr icr, ApicMode senderMode) {
    return new InterruptMessage(
        icr.vector(),
        icr.deliveryMode(),
        icr.triggerMode(),
        icr.destinationMode(),
        icr.destination(senderMode),
        senderMode == ApicMode.X2APIC ? Origin.X2APIC_IPI : Origin.XAPIC_IPI);
  }

  /// A message-signalled interrupt. SDM Vol. 3 "Message Signalled Interrupts": address = FEEh,
  /// 19:12 destination, 3 redirection hint, 2 destination mode; value = 15 trigger, 14 level, 10:8
  /// delivery mode, 7:0 vector.
  public static InterruptMessage ofMsi(long address, int value) {
    return new InterruptMessage(
        value & 0xFF,
        DeliveryMode.of(value >>> 8),
        (value & 1 << 15) == 0 ? TriggerMode.EDGE : TriggerMode.LEVEL,
        (address & 4) == 0 ? DestinationMode.PHYSICAL : DestinationMode.LOGICAL,
        address >>> 12 & 0xFF,
        Origin.INTERRUPT_MESSAGE);
  }
}
