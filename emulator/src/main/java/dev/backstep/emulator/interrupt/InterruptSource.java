package dev.backstep.emulator.interrupt;

/// Where an interrupt came from, in the words of `interrupt` events.
public enum InterruptSource {
  NONE("none"),
  LAPIC_TIMER("lapic-timer"),
  IOAPIC("ioapic"),
  IPI("ipi"),
  SELF("self"),
  EXTINT("extint"),
  MSI("msi"),
  LINT0("lint0"),
  LINT1("lint1"),
  THERMAL("thermal"),
  PERFORMANCE("performance"),
  ERROR("error"),
  SPURIOUS("spurious");

  /// No sender to name.
  public static final int FROM_NOBODY = -1;

  private final String eventName;

  InterruptSource(String eventName) {
    this.eventName = eventName;
  }

  public String eventName() {
    return eventName;
  }
}
