package dev.backstep.emulator.interrupt;

import org.jspecify.annotations.Nullable;

/// The registers of a local APIC, by slot: the xAPIC page holds slot n at offset `10H * n`, x2APIC
/// mode has it at MSR `800H + n`. SDM Vol. 3 "Local APIC Register Address Map" and "x2APIC Register
/// Address Space".
enum LapicRegister {
  ID(0x02, 1, X2apicAccess.READ, 0xFF00_0000),
  VERSION(0x03, 1, X2apicAccess.READ, 0),
  TPR(0x08, 1, X2apicAccess.READ_WRITE, 0xFF),
  APR(0x09, 1, X2apicAccess.NONE, 0),
  PPR(0x0A, 1, X2apicAccess.READ, 0),
  EOI(0x0B, 1, X2apicAccess.WRITE, 0),
  RRD(0x0C, 1, X2apicAccess.NONE, 0),
  LDR(0x0D, 1, X2apicAccess.READ, 0xFF00_0000),
  DFR(0x0E, 1, X2apicAccess.NONE, 0xF000_0000),
  SVR(0x0F, 1, X2apicAccess.READ_WRITE, 0x3FF),
  ISR(0x10, 8, X2apicAccess.READ, 0),
  TMR(0x18, 8, X2apicAccess.READ, 0),
  IRR(0x20, 8, X2apicAccess.READ, 0),
  ESR(0x28, 1, X2apicAccess.READ_WRITE, 0),
  ICR(0x30, 1, X2apicAccess.READ_WRITE, 0x000C_CFFF),
  ICR_HIGH(0x31, 1, X2apicAccess.NONE, 0xFF00_0000),
  LVT_TIMER(0x32, 1, X2apicAccess.READ_WRITE, 0x7_10FF),
  LVT_THERMAL(0x33, 1, X2apicAccess.READ_WRITE, 0x1_17FF),
  LVT_PERFORMANCE(0x34, 1, X2apicAccess.READ_WRITE, 0x1_17FF),
  LVT_LINT0(0x35, 1, X2apicAccess.READ_WRITE, 0x1_F7FF),
  LVT_LINT1(0x36, 1, X2apicAccess.READ_WRITE, 0x1_F7FF),
  LVT_ERROR(0x37, 1, X2apicAccess.READ_WRITE, 0x1_10FF),
  INITIAL_COUNT(0x38, 1, X2apicAccess.READ_WRITE, 0xFFFF_FFFF),
  CURRENT_COUNT(0x39, 1, X2apicAccess.READ, 0),
  DIVIDE_CONFIGURATION(0x3E, 1, X2apicAccess.READ_WRITE, 0xB),
  /// Only x2APIC mode has it.
  SELF_IPI(0x3F, 1, X2apicAccess.WRITE, 0xFF);

  /// What RDMSR and WRMSR may do with a register in x2APIC mode.
  enum X2apicAccess {
    NONE,
    READ,
    WRITE,
    READ_WRITE;

    boolean canRead() {
      return this == READ || this == READ_WRITE;
    }

    boolean canWrite() {
      return this == WRITE || this == READ_WRITE;
    }
  }

  /// How many slots there are: an xAPIC page of 400H bytes in use.
  static final int SLOTS = 0x40;

  private static final @Nullable LapicRegister[] BY_SLOT = new LapicRegister[SLOTS];
  private static final String[] SLOT_NAMES = new String[SLOTS];

  static {
    for (LapicRegister register : values()) {
      for (int k = 0; k < register.slots; k++) {
        BY_SLOT[register.slot + k] = register;
        SLOT_NAMES[register.slot + k] = register.slots == 1 ? register.name() : register.name() + k;
      }
    }
  }

  private final int slot;
  private final int slots;
  private final X2apicAccess x2apicAccess;
  private final int validBits;

  LapicRegister(int slot, int slots, X2apicAccess x2apicAccess, int validBits) {
    this.slot = slot;
    this.slots = slots;
    this.x2apicAccess = x2apicAccess;
    this.validBits = validBits;
  }

  /// The register at a slot, or null where the map says "reserved".
  static @Nullable LapicRegister atSlot(int slot) {
    return slot < SLOTS ? BY_SLOT[slot] : null;
  }

  /// The name that `apic` events carry: ISR, TMR and IRR with the number of the part.
  static String nameOfSlot(int slot) {
    return SLOT_NAMES[slot];
  }

  /// Which 32-bit part of a register of several this slot is.
  int partAt(int anySlot) {
    return anySlot - slot;
  }

  X2apicAccess x2apicAccess() {
    return x2apicAccess;
  }

  /// Bits that are not reserved (some of them read-only).
  int validBits() {
    return validBits;
  }

  /// What an interrupt of this entry of the local vector table says of where it came from.
  InterruptSource source() {
    return switch (this) {
      case LVT_TIMER -> InterruptSource.LAPIC_TIMER;
      case LVT_THERMAL -> InterruptSource.THERMAL;
      case LVT_PERFORMANCE -> InterruptSource.PERFORMANCE;
      case LVT_LINT0 -> InterruptSource.LINT0;
      case LVT_LINT1 -> InterruptSource.LINT1;
      case LVT_ERROR -> InterruptSource.ERROR;
      default -> throw new AssertionError(this + " is no LVT entry");
    };
  }
}
