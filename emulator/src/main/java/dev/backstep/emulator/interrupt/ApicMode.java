package dev.backstep.emulator.interrupt;

/// The three states of a local APIC that IA32_APIC_BASE selects. SDM Vol. 3 "x2APIC State
/// Transitions".
public enum ApicMode {
  DISABLED("disabled"),
  XAPIC("xapic"),
  X2APIC("x2apic");

  private final String eventName;

  ApicMode(String eventName) {
    this.eventName = eventName;
  }

  /// The word in `apic` events.
  public String eventName() {
    return eventName;
  }
}
