package dev.backstep.emulator.interrupt;

/// How an interrupt message is meant. The ordinal is the encoding in ICR, LVT, RTE and MSI, bits
/// 10:8. SDM Vol. 3 "Interrupt Command Register (ICR)" and "Local Vector Table".
public enum DeliveryMode {
  FIXED("fixed"),
  LOWEST_PRIORITY("lowest-priority"),
  SMI("smi"),
  /// Remote read of old local APICs; reserved since.
  REMOTE_READ("remote-read"),
  NMI("nmi"),
  INIT("init"),
  STARTUP("startup"),
  EXTINT("extint");

  private static final DeliveryMode[] BY_ENCODING = values();

  private final String eventName;

  DeliveryMode(String eventName) {
    this.eventName = eventName;
  }

  public static DeliveryMode of(int encoding) {
    return BY_ENCODING[encoding & 7];
  }

  /// The word in `ipi` events.
  public String eventName() {
    return eventName;
  }

  /// Whether the message carries a vector that goes to the IRR.
  public boolean isVectored() {
    return this == FIXED || this == LOWEST_PRIORITY;
  }
}
