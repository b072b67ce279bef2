package dev.backstep.emulator.platform;

/// Where `apic` events' registers lie in the xAPIC page. SDM Vol. 3 "Local APIC Register Address
/// Map".
final class XapicOffsets {
  private XapicOffsets() {}

  /// The offset of a register by its name; the names of ISR, TMR and IRR end with the number of the
  /// part.
  static int of(String register) {
    int digit = register.charAt(register.length() - 1) - '0';
    if (register.startsWith("ISR")) {
      return 0x100 + 0x10 * digit;
    }
    if (register.startsWith("TMR")) {
      return 0x180 + 0x10 * digit;
    }
    if (register.startsWith("IRR")) {
      return 0x200 + 0x10 * digit;
    }
    return switch (register) {
      case "ID" -> 0x20;
      case "VERSION" -> 0x30;
      case "TPR" -> 0x80;
      case "APR" -> 0x90;
      case "PPR" -> 0xA0;
      case "EOI" -> 0xB0;
      case "RRD" -> 0xC0;
      case "LDR" -> 0xD0;
      case "DFR" -> 0xE0;
      case "SVR" -> 0xF0;
      case "ESR" -> 0x280;
      case "ICR" -> 0x300;
      case "ICR_HIGH" -> 0x310;
      case "LVT_TIMER" -> 0x320;
      case "LVT_THERMAL" -> 0x330;
      case "LVT_PERFORMANCE" -> 0x340;
      case "LVT_LINT0" -> 0x350;
      case "LVT_LINT1" -> 0x360;
      case "LVT_ERROR" -> 0x370;
      case "INITIAL_COUNT" -> 0x380;
      case "CURRENT_COUNT" -> 0x390;
      case "DIVIDE_CONFIGURATION" -> 0x3E0;
      default -> throw new AssertionError("no xAPIC register is called " + register);
    };
  }
}
