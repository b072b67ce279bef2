package dev.backstep.emulator.interrupt;

/// IA32_APIC_BASE. SDM Vol. 3 "Local APIC Status and Location", "x2APIC State Transitions".
///
/// ```
/// MAXPHYADDR-1          12  11   10   9    8   7        0
/// | base of the xAPIC page | EN | EXTD| rsv| BSP| reserved |
/// ```
record ApicBase(long raw) {
  static final long DEFAULT_PAGE = 0xFEE0_0000L;

  private static final long BSP = 1 << 8;
  private static final long EXTD = 1 << 10;
  private static final long EN = 1 << 11;
  private static final long RESERVED_LOW = 0x2FF;

  /// Its value after reset: enabled, at the default place; vCPU 0 is the bootstrap processor.
  static ApicBase afterReset(int cpuNumber) {
    return new ApicBase(DEFAULT_PAGE | EN | (cpuNumber == 0 ? BSP : 0));
  }

  /// EXTD without EN, which no write can make, counts as disabled.
  ApicMode mode() {
    if ((raw & EN) == 0) {
      return ApicMode.DISABLED;
    }
    return (raw & EXTD) == 0 ? ApicMode.XAPIC : ApicMode.X2APIC;
  }

  /// Guest-physical address of the xAPIC page.
  long page() {
    return raw & -4096L;
  }

  /// Whether a WRMSR that replaces this value by `next` is legal; if not it raises #GP.
  boolean canBecome(ApicBase next, LapicModel model) {
    long reserved = RESERVED_LOW | -1L << model.physicalAddressBits();
    if (!model.has(LapicFeature.X2APIC)) {
      reserved |= EXTD;
    }
    if ((next.raw & reserved) != 0 || (next.raw & (EN | EXTD)) == EXTD) {
      return false;
    }
    return switch (mode()) {
      case DISABLED -> next.mode() != ApicMode.X2APIC;
      case XAPIC -> true;
      case X2APIC -> next.mode() != ApicMode.XAPIC;
    };
  }
}
