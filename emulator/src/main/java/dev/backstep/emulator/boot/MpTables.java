package dev.backstep.emulator.boot;

/// The tables of the MultiProcessor Specification 1.4, "MP Configuration Table", for systems that
/// do not read ACPI. They name up to 255 processors.
final class MpTables {
  private static final int MOST_CPUS = 255;
  private static final int POINTER_BYTES = 16;
  private static final int LAPIC_VERSION = 0x14;
  private static final int IOAPIC_VERSION = 0x20;
  private static final long LAPIC_GPA = 0xFEE0_0000L;
  private static final long IOAPIC_GPA = 0xFEC0_0000L;
  private static final int CPU_ENABLED = 1;
  private static final int CPU_BOOTSTRAP = 2;
  private static final int CPU_SIGNATURE = 0x600;
  private static final int CPU_FEATURES = 1 | 1 << 9;
  private static final int ISA_IRQS = 16;
  private static final int VECTORED = 0;
  private static final int NMI = 1;
  private static final int EXTINT = 3;
  private static final int ALL_LAPICS = 0xFF;

  private final ByteWriter out = new ByteWriter();
  private int entries;

  private MpTables() {}

  /// The floating pointer and the table behind it, as they lie in ROM from `gpa` on; empty for more
  /// vCPUs than the format can name.
  static byte[] build(long gpa, int cpuCount) {
    return cpuCount > MOST_CPUS ? new byte[0] : new MpTables().write(gpa, cpuCount);
  }

  private byte[] write(long gpa, int cpuCount) {
    out.putText("_MP_").put32(gpa + POINTER_BYTES).put8(1).put8(4).put8(0).zeros(5);
    out.set8(10, out.checksum(0, POINTER_BYTES));
    out.putText("PCMP").put16(0).put8(4).put8(0);
    out.putText("BACKSTEP").putText("BACKSTEP PC ").put32(0).put16(0).put16(0);
    out.put32(LAPIC_GPA).put16(0).put8(0).put8(0);
    for (int id = 0; id < cpuCount; id++) {
      int flags = CPU_ENABLED | (id == 0 ? CPU_BOOTSTRAP : 0);
      entry(0).put8(id).put8(LAPIC_VERSION).put8(flags).put32(CPU_SIGNATURE).put32(CPU_FEATURES);
      out.zeros(8);
    }
    int ioApicId = ioApicId(cpuCount);
    entry(1).put8(0).putText("PCI   ");
    entry(1).put8(1).putText("ISA   ");
    entry(2).put8(ioApicId).put8(IOAPIC_VERSION).put8(1).put32(IOAPIC_GPA);
    for (int irq = 0; irq < ISA_IRQS; irq++) {
      if (irq != 2) {
        entry(3).put8(VECTORED).put16(0).put8(1).put8(irq).put8(ioApicId).put8(irq == 0 ? 2 : irq);
      }
    }
    entry(4).put8(EXTINT).put16(0).put8(1).put8(0).put8(ALL_LAPICS).put8(0);
    entry(4).put8(NMI).put16(0).put8(1).put8(0).put8(ALL_LAPICS).put8(1);
    int length = out.size() - POINTER_BYTES;
    out.set8(POINTER_BYTES + 4, length);
    out.set8(POINTER_BYTES + 5, length >>> 8);
    out.set8(POINTER_BYTES + 34, entries);
    out.set8(POINTER_BYTES + 35, entries >>> 8);
    out.set8(POINTER_BYTES + 7, out.checksum(POINTER_BYTES, out.size()));
    return out.toBytes();
  }

  /// The first ID that no processor has; there may be none, and then the IOAPIC keeps its own, 0.
  private static int ioApicId(int cpuCount) {
    return cpuCount < 16 ? cpuCount : 0;
  }

  private ByteWriter entry(int type) {
    entries++;
    return out.put8(type);
  }
}
