package dev.backstep.emulator.boot;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.device.AcpiPm;
import dev.backstep.emulator.device.ResetPort;

/// The ACPI tables: RSDP, RSDT, FADT, DSDT, MADT. ACPI Specification 3.0, "ACPI Software
/// Programming Model". They are 32-bit (revision 0 of the RSDP), as all of them lie below 1 MiB.
final class AcpiTables {
  private static final int RSDP_BYTES = 20;
  private static final int HEADER_BYTES = 36;
  private static final int FADT_BYTES = 244;
  private static final int FIRST_X2APIC_ID = 255;
  private static final int MADT_ENABLED = 1;
  private static final int MADT_PCAT_COMPATIBLE = 1;
  private static final long LAPIC_GPA = 0xFEE0_0000L;
  private static final long IOAPIC_GPA = 0xFEC0_0000L;
  private static final int SCI_IRQ = 9;

  /// In RAM, since the operating system writes to it: in the extended BIOS data area.
  private static final long FACS_GPA = 0x9_FC40;

  private static final int FACS_BYTES = 64;

  /// WBINVD works; C1 exists; no power or sleep button of fixed hardware; a reset register exists.
  private static final long FADT_FLAGS = 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 10;

  /// `Name (\_S5, Package (4) {0, 0, 0, 0})`: SLP_TYP 0 is soft-off, as in the PIIX4.
  private static final byte[] DSDT_CODE = {
    0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00
  };

  private final ByteWriter out = new ByteWriter();
  private final long baseGpa;

  private AcpiTables(long baseGpa) {
    this.baseGpa = baseGpa;
  }

  /// The tables as they lie in ROM from `gpa` on; the RSDP comes first.
  static byte[] build(long gpa, int cpuCount) {
    return new AcpiTables(gpa).build(cpuCount);
  }

  static void writeFacs(GuestRam ram) {
    var facs = new ByteWriter();
    facs.putText("FACS").put32(FACS_BYTES).zeros(FACS_BYTES - 8);
    byte[] bytes = facs.toBytes();
    for (int k = 0; k < bytes.length; k++) {
      ram.putByte(FACS_GPA + k, bytes[k]);
    }
  }

  private byte[] build(int cpuCount) {
    out.zeros(RSDP_BYTES);
    out.alignTo(16);
    int dsdt = writeDsdt();
    int fadt = writeFadt(dsdt);
    int madt = writeMadt(cpuCount);
    int rsdt = begin("RSDT", 1);
    out.put32(baseGpa + fadt).put32(baseGpa + madt);
    finish(rsdt);
    writeRsdp(rsdt);
    return out.toBytes();
  }

  private void writeRsdp(int rsdt) {
    var rsdp = new ByteWriter();
    rsdp.putText("RSD PTR ").put8(0).putText("BKSTEP").put8(0).put32(baseGpa + rsdt);
    byte[] bytes = rsdp.toBytes();
    for (int k = 0; k < RSDP_BYTES; k++) {
      out.set8(k, bytes[k]);
    }
    out.set8(8, out.checksum(0, RSDP_BYTES));
  }

  private int writeDsdt() {
    int start = begin("DSDT", 1);
    out.putAll(DSDT_CODE);
    finish(start);
    return start;
  }

  private int writeFadt(int dsdt) {
    int start = begin("FACP", 3);
    out.put32(FACS_GPA).put32(baseGpa + dsdt);
    out.put8(0).put8(0).put16(SCI_IRQ);
    out.put32(AcpiPm.SMI_COMMAND_PORT).put8(AcpiPm.ENABLE_COMMAND).put8(AcpiPm.DISABLE_COMMAND);
    out.put8(0).put8(0);
    out.put32(AcpiPm.EVENT_PORT).put32(0).put32(AcpiPm.CONTROL_PORT).put32(0).put32(0);
    out.put32(AcpiPm.TIMER_PORT).put32(0).put32(0);
    out.put8(4).put8(2).put8(0).put8(4).put8(0).put8(0).put8(0).put8(0);
    out.put16(0xFFF).put16(0xFFF); // No C2, no C3.
    out.put16(0).put16(0).put8(0).put8(0).put8(0).put8(0);
    out.put8(0x32); // RTC register of the century.
    out.put16(1 << 1); // An 8042 is there.
    out.put8(0).put32(FADT_FLAGS);
    ioAddress(8, ResetPort.PORT).put8(ResetPort.FULL_RESET).zeros(3);
    out.put64(0).put64(baseGpa + dsdt);
    ioAddress(32, AcpiPm.EVENT_PORT);
    out.zeros(12);
    ioAddress(16, AcpiPm.CONTROL_PORT);
    out.zeros(24);
    ioAddress(32, AcpiPm.TIMER_PORT);
    out.zeros(start + FADT_BYTES - out.size());
    finish(start);
    return start;
  }

  /// A generic address structure in I/O space.
  private ByteWriter ioAddress(int bits, int port) {
    return out.put8(1).put8(bits).put8(0).put8(0).put64(port);
  }

  private int writeMadt(int cpuCount) {
    int start = begin("APIC", 3);
    out.put32(LAPIC_GPA).put32(MADT_PCAT_COMPATIBLE);
    for (int id = 0; id < cpuCount; id++) {
      if (id < FIRST_X2APIC_ID) {
        out.put8(0).put8(8).put8(id).put8(id).put32(MADT_ENABLED);
      } else {
        out.put8(9).put8(16).put16(0).put32(id).put32(MADT_ENABLED).put32(id);
      }
    }
    out.put8(1).put8(12).put8(0).put8(0).put32(IOAPIC_GPA).put32(0);
    interruptOverride(0, 2, 0);
    // PCI interrupts and the SCI: level, active high.
    interruptOverride(5, 5, 0xD);
    interruptOverride(SCI_IRQ, SCI_IRQ, 0xD);
    interruptOverride(10, 10, 0xD);
    interruptOverride(11, 11, 0xD);
    out.put8(4).put8(6).put8(0xFF).put16(0).put8(1); // NMI at LINT1 of all.
    finish(start);
    return start;
  }

  private void interruptOverride(int irq, int gsi, int flags) {
    out.put8(2).put8(10).put8(0).put8(irq).put32(gsi).put16(flags);
  }

  /// Starts a table with its header; its length and checksum come with [#finish].
  private int begin(String signature, int revision) {
    out.alignTo(16);
    int start = out.size();
    out.putText(signature).put32(0).put8(revision).put8(0);
    out.putText("BKSTEP").putText("BACKSTEP").put32(1).putText("BKST").put32(1);
    if (out.size() != start + HEADER_BYTES) {
      throw new AssertionError("header of " + (out.size() - start) + " bytes");
    }
    return start;
  }

  private void finish(int start) {
    out.set32(start + 4, out.size() - start);
    out.set8(start + 9, out.checksum(start, out.size()));
  }
}
