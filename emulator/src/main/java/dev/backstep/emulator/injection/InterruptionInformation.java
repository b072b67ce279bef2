package dev.backstep.emulator.injection;

/// The VM-entry interruption-information field of a VMCS, or EVENTINJ 31:0 of a VMCB, which has the
/// same layout. SDM Vol. 3 "VM-Entry Controls for Event Injection"; APM Vol. 2 "Event Injection".
///
/// | bits | hold |
/// |---|---|
/// | 7:0 | vector |
/// | 10:8 | type: [EventType] |
/// | 11 | deliver an error code |
/// | 12 | reserved |
/// | 13 | nested exception, with FRED; else reserved |
/// | 30:14 | reserved |
/// | 31 | valid |
public record InterruptionInformation(int raw) {
  static final int DELIVER_ERROR_CODE = 1 << 11;
  static final int NESTED = 1 << 13;
  private static final int VALID = 1 << 31;
  private static final int RESERVED = 0x7FFF_F000;

  /// No event.
  static final InterruptionInformation NONE = new InterruptionInformation(0);

  static InterruptionInformation of(EventType type, int vector, boolean deliversErrorCode) {
    int code = deliversErrorCode ? DELIVER_ERROR_CODE : 0;
    return new InterruptionInformation(VALID | code | type.number() << 8 | vector & 0xFF);
  }

  int vector() {
    return raw & 0xFF;
  }

  EventType type() {
    return EventType.of(raw >> 8 & 7);
  }

  boolean deliversErrorCode() {
    return (raw & DELIVER_ERROR_CODE) != 0;
  }

  boolean isNested() {
    return (raw & NESTED) != 0;
  }

  boolean isValid() {
    return (raw & VALID) != 0;
  }

  /// The bits of 30:12 that are set.
  int reservedBits() {
    return raw & RESERVED;
  }

  /// The field as messages show it.
  long unsigned() {
    return Integer.toUnsignedLong(raw);
  }
}
