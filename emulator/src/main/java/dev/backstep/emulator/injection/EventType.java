package dev.backstep.emulator.injection;

/// Kinds of events that a VM entry injects. SDM Vol. 3 table "Format of the VM-Entry
/// Interruption-Information Field", bits 10:8; APM Vol. 2 "Event Injection" has the same numbers
/// for its four.
public enum EventType {
  EXTERNAL_INTERRUPT("external interrupt"),
  /// Number 1, which no event has.
  RESERVED("none"),
  NMI("NMI"),
  HARDWARE_EXCEPTION("hardware exception"),
  SOFTWARE_INTERRUPT("software interrupt"),
  PRIVILEGED_SOFTWARE_EXCEPTION("privileged software exception"),
  SOFTWARE_EXCEPTION("software exception"),
  OTHER_EVENT("other event");

  private static final EventType[] BY_NUMBER = values();

  private final String text;

  EventType(String text) {
    this.text = text;
  }

  /// The type of a number from 0 to 7.
  static EventType of(int number) {
    return BY_NUMBER[number];
  }

  /// The number in bits 10:8.
  int number() {
    return ordinal();
  }

  /// As `injection` events name it.
  public String text() {
    return text;
  }

  /// Whether an instruction of the guest stands for the event, whose length VMX is told.
  boolean isOfInstruction() {
    return switch (this) {
      case SOFTWARE_INTERRUPT, PRIVILEGED_SOFTWARE_EXCEPTION, SOFTWARE_EXCEPTION -> true;
      case EXTERNAL_INTERRUPT, RESERVED, NMI, HARDWARE_EXCEPTION, OTHER_EVENT -> false;
    };
  }
}
