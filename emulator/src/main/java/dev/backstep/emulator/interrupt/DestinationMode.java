package dev.backstep.emulator.interrupt;

/// How the destination of an interrupt message is read. The ordinal is the encoding of the bit.
public enum DestinationMode {
  PHYSICAL("physical"),
  LOGICAL("logical");

  private final String eventName;

  DestinationMode(String eventName) {
    this.eventName = eventName;
  }

  /// The word in `ipi` events.
  public String eventName() {
    return eventName;
  }
}
