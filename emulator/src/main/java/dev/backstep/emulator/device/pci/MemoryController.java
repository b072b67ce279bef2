package dev.backstep.emulator.device.pci;

import dev.backstep.emulator.bus.PhysicalBus;

/// Intel 82441FX, function 0.0: the host bridge, which shadows the ROM area below 1 MiB by RAM.
/// Intel 440FX PCIset data sheet, "PAM—Programmable Attribute Map Registers".
///
/// ```
/// 59h  7:4 F0000h-FFFFFh (64 KiB)
/// 5Ah to 5Fh, 16 KiB a nibble, 3:0 before 7:4: C0000h, C4000h, C8000h, ... EC000h
/// nibble: 1 WE writes go to RAM | 0 RE reads come from RAM     else both go to ROM
/// ```
///
/// RAM lies at the RAM offset that equals its guest-physical address. SMRAM (72h) is absent.
public final class MemoryController extends PciFunction {
  /// Whether firmware has run before the machine's first instruction.
  public enum SetUp {
    BY_THE_GUEST(0x00),
    /// C0000h to DFFFFh is RAM already; E0000h to FFFFFh stays ROM.
    BEFORE(0x33);

    private final int expansionAttributes;

    SetUp(int expansionAttributes) {
      this.expansionAttributes = expansionAttributes;
    }
  }

  private static final int FIRST_PAM = 0x59;
  private static final int LAST_PAM = 0x5F;
  private static final int FIRST_16K_PAM = 0x5A;
  private static final int FIRST_ROM_PAM = 0x5E;
  private static final long FIRST_16K_GPA = 0xC_0000;
  private static final int SMALL_BYTES = 0x4000;
  private static final long SYSTEM_GPA = 0xF_0000;
  private static final int SYSTEM_BYTES = 0x1_0000;
  private static final int READ_ENABLE = 1;
  private static final int WRITE_ENABLE = 2;

  /// The ROM below 1 MiB, which ends there.
  ///
  /// @param gpa where it starts, E0000h or above
  /// @param ramOffset of its first byte
  public record SystemRom(long gpa, long ramOffset) {
    long ramOffsetAt(long at) {
      return at < gpa ? PhysicalBus.NOT_RAM : ramOffset + (at - gpa);
    }
  }

  private final PhysicalBus bus;
  private final SystemRom rom;

  public MemoryController(PhysicalBus bus, SystemRom rom, SetUp setUp) {
    super("i440fx", new Identity(0x8086, 0x1237, 0x06_0000, 2));
    this.bus = bus;
    this.rom = rom;
    setSubsystem(QEMU_VENDOR, QEMU_DEVICE); // Firmware tells QEMU's machines from others by it.
    for (int pam = FIRST_PAM; pam <= LAST_PAM; pam++) {
      allowWrites(pam, 0xFF);
      if (pam >= FIRST_16K_PAM && pam < FIRST_ROM_PAM) {
        set(pam, setUp.expansionAttributes);
      }
      route(pam);
    }
  }

  @Override
  protected void configWritten(int offset, int bytes) {
    for (int pam = Math.max(offset, FIRST_PAM); pam < offset + bytes && pam <= LAST_PAM; pam++) {
      route(pam);
    }
  }

  private void route(int pam) {
    int attributes = configByte(pam);
    if (pam == FIRST_PAM) {
      route(SYSTEM_GPA, SYSTEM_BYTES, attributes >>> 4);
      return;
    }
    long gpa = FIRST_16K_GPA + 2L * SMALL_BYTES * (pam - FIRST_16K_PAM);
    route(gpa, SMALL_BYTES, attributes);
    route(gpa + SMALL_BYTES, SMALL_BYTES, attributes >>> 4);
  }

  private void route(long gpa, int bytes, int attributes) {
    long readOffset = (attributes & READ_ENABLE) != 0 ? gpa : rom.ramOffsetAt(gpa);
    long writeOffset = (attributes & WRITE_ENABLE) != 0 ? gpa : PhysicalBus.NOT_RAM;
    bus.routeRam(gpa, bytes, readOffset, writeOffset);
  }
}
