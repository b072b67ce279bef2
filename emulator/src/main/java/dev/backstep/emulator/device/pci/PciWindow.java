package dev.backstep.emulator.device.pci;

/// Where BARs may lie: the host bridge passes these ranges on to PCI.
///
/// @param memoryStart first guest-physical address above low RAM
/// @param memoryEnd where the chipset's own registers begin
public record PciWindow(long memoryStart, long memoryEnd) {
  /// The IOAPIC, and everything above it, belongs to the chipset.
  private static final long CHIPSET_GPA = 0xFEC0_0000L;

  static final int FIRST_PORT = 0x1000;
  static final int PORTS_END = 0x1_0000;

  public static PciWindow above(long lowRamEnd) {
    return new PciWindow(lowRamEnd, CHIPSET_GPA);
  }

  boolean admits(PciBar bar, long at) {
    return switch (bar.space()) {
      case IO -> at >= FIRST_PORT && at + bar.bytes() <= PORTS_END;
      case MEMORY -> at >= memoryStart && at + bar.bytes() <= memoryEnd;
    };
  }
}
