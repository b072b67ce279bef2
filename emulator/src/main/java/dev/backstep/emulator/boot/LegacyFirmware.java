package dev.backstep.emulator.boot;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PortBus;
import dev.backstep.emulator.interrupt.Lapic;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;

/// Leaves a machine as a PC's BIOS leaves it to a boot loader, for kernels that are loaded
/// directly: interrupt vectors and BIOS data, both PICs and the timer running, virtual wire mode,
/// MTRRs set up, caches on.
public final class LegacyFirmware {
  private static final int VECTORS = 256;
  private static final int FIRST_PIC_VECTOR = 0x08;
  private static final int SECOND_PIC_VECTOR = 0x70;
  private static final int IRQS_PER_PIC = 8;

  /// IRQ 0 (timer), 1 (keyboard) and 2 (cascade) are open.
  private static final int FIRST_PIC_MASK = 0xF8;

  private static final int SECOND_PIC_MASK = 0xFF;

  private static final long BDA_COM1 = 0x400;
  private static final long BDA_EBDA_SEGMENT = 0x40E;
  private static final long BDA_EQUIPMENT = 0x410;
  private static final long BDA_BASE_MEMORY_KIB = 0x413;

  /// One serial port.
  private static final short EQUIPMENT = 1 << 9;

  private LegacyFirmware() {}

  /// Writes the ROM, the interrupt vectors and the BIOS data area.
  public static void install(GuestRam ram, MemoryLayout layout, int cpuCount) {
    byte[] rom = LegacyRom.build(cpuCount);
    for (int k = 0; k < rom.length; k++) {
      ram.putByte(layout.romOffset() + k, rom[k]);
    }
    for (int vector = 0; vector < VECTORS; vector++) {
      ram.putInt(4L * vector, LegacyRom.SEGMENT << 16 | routine(vector));
    }
    ram.putShort(BDA_COM1, (short) 0x3F8);
    ram.putShort(BDA_EBDA_SEGMENT, (short) (MemoryLayout.BASE_MEMORY_END >>> 4));
    ram.putShort(BDA_EQUIPMENT, EQUIPMENT);
    ram.putShort(BDA_BASE_MEMORY_KIB, (short) (MemoryLayout.BASE_MEMORY_END >>> 10));
    ram.putByte(MemoryLayout.BASE_MEMORY_END, (byte) 1); // The EBDA's size in KiB.
    AcpiTables.writeFacs(ram);
  }

  private static int routine(int vector) {
    if (vector == FIRST_PIC_VECTOR) {
      return LegacyRom.TIMER_ROUTINE;
    }
    if (vector > FIRST_PIC_VECTOR && vector < FIRST_PIC_VECTOR + IRQS_PER_PIC) {
      return LegacyRom.FIRST_PIC_ROUTINE;
    }
    if (vector >= SECOND_PIC_VECTOR && vector < SECOND_PIC_VECTOR + IRQS_PER_PIC) {
      return LegacyRom.SECOND_PIC_ROUTINE;
    }
    return LegacyRom.EMPTY_ROUTINE;
  }

  /// Programs the interrupt controllers and the timer.
  public static void programDevices(PortBus ports, Lapic bootstrapApic) {
    programPic(ports, 0x20, FIRST_PIC_VECTOR, 1 << 2, FIRST_PIC_MASK);
    programPic(ports, 0xA0, SECOND_PIC_VECTOR, 2, SECOND_PIC_MASK);
    // Counter 0, both bytes, mode 2, 65536: 18.2 interrupts a second.
    ports.write(0x43, 1, 0x34);
    ports.write(0x40, 1, 0);
    ports.write(0x40, 1, 0);
    bootstrapApic.enterVirtualWireMode();
  }

  private static void programPic(PortBus ports, int port, int vector, int cascade, int mask) {
    ports.write(port, 1, 0x11);
    ports.write(port + 1, 1, vector);
    ports.write(port + 1, 1, cascade);
    ports.write(port + 1, 1, 1);
    ports.write(port + 1, 1, mask);
  }

  /// Turns the caches on and sets the MTRRs, on every vCPU: write-back but for the devices' hole
  /// below 4 GiB.
  public static void programCaches(List<Vcpu> vcpus, MemoryLayout layout) {
    for (Vcpu c : vcpus) {
      c.cr0 &= ~(ControlBits.CR0_CD | ControlBits.CR0_NW);
      c.mmu.mtrrs().setAsFirmwareDoes(layout.holeStart());
      c.mmu.modeChanged();
    }
  }
}
