package dev.backstep.emulator.interrupt;

/// The interrupt command register. SDM Vol. 3 "Interrupt Command Register (ICR)" and "ICR Operation
/// in x2APIC Mode".
///
/// ```
/// 63        56 55      32 31     20 19 18 17 16 15 14 13 12 11 10    8 7      0
/// | dest (x)  | reserved | reserved | sh  | rsv | T| L| r| S| M| mode | vector |
/// |     dest (x2APIC)    |
/// ```
///
/// sh = shorthand, T = trigger (1 level), L = level (1 assert), S = delivery status (xAPIC, reads 0
/// here: sending takes no time), M = destination mode (1 logical).
public record Icr(long raw) {
  /// Bits that must be zero in x2APIC mode. Bit 12 is not among them: Intel processors ignore it.
  private static final long X2APIC_RESERVED = 0xFFF3_2000L;

  private static final long DELIVERY_STATUS = 1L << 12;
  private static final long LEVEL_ASSERT = 1L << 14;

  /// Destination shorthand; the ordinal is the encoding.
  public enum Shorthand {
    NONE("none"),
    SELF("self"),
    ALL_INCLUDING_SELF("all-including-self"),
    ALL_EXCLUDING_SELF("all-excluding-self");

    private static final Shorthand[] BY_ENCODING = values();

    private final String eventName;

    Shorthand(String eventName) {
      this.eventName = eventName;
    }

    public String eventName() {
      return eventName;
    }
  }

  /// The self-IPI that a write of `vector` to the SELF IPI register means.
  static Icr self(int vector) {
    return new Icr((long) Shorthand.SELF.ordinal() << 18 | LEVEL_ASSERT | vector);
  }

  public int vector() {
    return (int) raw & 0xFF;
  }

  public DeliveryMode deliveryMode() {
    return DeliveryMode.of((int) (raw >>> 8));
  }

  public DestinationMode destinationMode() {
    return (raw & 1 << 11) == 0 ? DestinationMode.PHYSICAL : DestinationMode.LOGICAL;
  }

  public boolean isLevelAsserted() {
    return (raw & LEVEL_ASSERT) != 0;
  }

  public TriggerMode triggerMode() {
    return (raw & 1 << 15) == 0 ? TriggerMode.EDGE : TriggerMode.LEVEL;
  }

  public Shorthand shorthand() {
    return Shorthand.BY_ENCODING[(int) (raw >>> 18) & 3];
  }

  /// The destination as an APIC in the given mode writes it: 8 bits, or 32 in x2APIC mode.
  public long destination(ApicMode mode) {
    return mode == ApicMode.X2APIC ? raw >>> 32 : raw >>> 56;
  }

  /// Whether a WRMSR of this value in x2APIC mode raises #GP.
  public boolean hasX2apicReservedBits() {
    return (raw & X2APIC_RESERVED) != 0;
  }

  /// An INIT with level 0 and trigger mode level: "INIT level de-assert", which only synchronised
  /// the arbitration IDs of APICs on a bus and does nothing on anything newer.
  public boolean isInitDeassert() {
    return deliveryMode() == DeliveryMode.INIT
        && triggerMode() == TriggerMode.LEVEL
        && !isLevelAsserted();
  }

  Icr withoutDeliveryStatus() {
    return new Icr(raw & ~DELIVERY_STATUS);
  }
}
