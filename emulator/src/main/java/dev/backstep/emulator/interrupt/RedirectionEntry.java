package dev.backstep.emulator.interrupt;

/// An entry of an IOAPIC's redirection table. Intel 82093AA data sheet, "I/O Redirection Table
/// Registers".
///
/// ```
/// 63        56 55    17   16   15   14    13   12  11  10    8 7      0
/// | destination |  -   | mask| T | rIRR| pol | S | M | mode   | vector |
/// ```
///
/// T = trigger (1 level), S = delivery status, M = destination mode.
record RedirectionEntry(long raw) {
  static final RedirectionEntry AFTER_RESET = new RedirectionEntry(1 << 16);

  private static final long MASKED = 1 << 16;
  private static final long LEVEL = 1 << 15;
  private static final long REMOTE_IRR = 1 << 14;
  private static final long DELIVERY_STATUS = 1 << 12;
  private static final long READ_ONLY = REMOTE_IRR | DELIVERY_STATUS;
  private static final long WRITABLE = 0xFF00_0000_0001_EFFFL & ~READ_ONLY;

  /// This entry after the guest wrote `value`.
  RedirectionEntry written(long value) {
    RedirectionEntry next = new RedirectionEntry(value & WRITABLE | raw & READ_ONLY);
    // An entry that becomes edge-triggered waits for no EOI.
    return next.isLevel() ? next : next.withoutRemoteIrr();
  }

  int vector() {
    return (int) raw & 0xFF;
  }

  boolean isMasked() {
    return (raw & MASKED) != 0;
  }

  boolean isLevel() {
    return (raw & LEVEL) != 0;
  }

  /// A level interrupt was accepted and its EOI has not come yet.
  boolean isRemoteIrr() {
    return (raw & REMOTE_IRR) != 0;
  }

  RedirectionEntry withRemoteIrr() {
    return new RedirectionEntry(raw | REMOTE_IRR);
  }

  RedirectionEntry withoutRemoteIrr() {
    return new RedirectionEntry(raw & ~REMOTE_IRR);
  }

  InterruptMessage message() {
    return new InterruptMessage(
        vector(),
        DeliveryMode.of((int) raw >>> 8),
        isLevel() ? TriggerMode.LEVEL : TriggerMode.EDGE,
        (raw & 1 << 11) == 0 ? DestinationMode.PHYSICAL : DestinationMode.LOGICAL,
        raw >>> 56,
        InterruptMessage.Origin.INTERRUPT_MESSAGE);
  }
}
