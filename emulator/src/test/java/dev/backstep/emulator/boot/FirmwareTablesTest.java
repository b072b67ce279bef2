package dev.backstep.emulator.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// ACPI Specification 3.0 and MultiProcessor Specification 1.4, found as an operating system finds
/// them.
class FirmwareTablesTest {
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void close() {
    arena.close();
  }

  private PhysicalBus machine(long ramBytes, int cpus) {
    var layout = new MemoryLayout(ramBytes);
    var bus = new PhysicalBus(new GuestRam(arena, layout.allocatedBytes()));
    layout.mapInto(bus);
    LegacyFirmware.install(bus.ram(), layout, cpus);
    return bus;
  }

  private static int word(PhysicalBus bus, long gpa) {
    return (int) bus.read(gpa, 4);
  }

  private static String signature(PhysicalBus bus, long gpa, int length) {
    var text = new StringBuilder();
    for (int k = 0; k < length; k++) {
      text.append((char) bus.read(gpa + k, 1));
    }
    return text.toString();
  }

  private static void assertChecksum(PhysicalBus bus, long gpa, int bytes) {
    int sum = 0;
    for (int k = 0; k < bytes; k++) {
      sum += (int) bus.read(gpa + k, 1);
    }
    assertEquals(0, sum & 0xFF);
  }

  private static long find(PhysicalBus bus, String signature) {
    for (long gpa = 0xE_0000; gpa < 0x10_0000; gpa += 16) {
      if (signature(bus, gpa, signature.length()).equals(signature)) {
        return gpa;
      }
    }
    throw new AssertionError("no " + signature);
  }

  private static long table(PhysicalBus bus, String signature) {
    long rsdp = find(bus, "RSD PTR ");
    assertChecksum(bus, rsdp, 20);
    long rsdt = word(bus, rsdp + 16);
    assertEquals("RSDT", signature(bus, rsdt, 4));
    int length = word(bus, rsdt + 4);
    assertChecksum(bus, rsdt, length);
    for (long at = rsdt + 36; at < rsdt + length; at += 4) {
      long gpa = word(bus, at);
      if (signature(bus, gpa, 4).equals(signature)) {
        assertChecksum(bus, gpa, word(bus, gpa + 4));
        return gpa;
      }
    }
    throw new AssertionError("no " + signature);
  }

  @Test
  void fadtNamesThePowerManagementPorts() {
    PhysicalBus bus = machine(128 << 20, 2);
    long fadt = table(bus, "FACP");
    assertEquals(244, word(bus, fadt + 4));
    assertEquals(0x608, word(bus, fadt + 76));
    assertEquals(0x600, word(bus, fadt + 56));
    assertEquals(0x604, word(bus, fadt + 64));
    assertEquals(9, bus.read(fadt + 46, 2));
    assertEquals(4, bus.read(fadt + 91, 1), "PM_TMR_LEN");
    assertEquals(0x32, bus.read(fadt + 108, 1), "CENTURY");
    assertEquals(0xCF9, bus.read(fadt + 120, 8));
    assertEquals(6, bus.read(fadt + 128, 1));
    assertEquals(0x608, bus.read(fadt + 208 + 4, 8), "X_PM_TMR_BLK");
    assertEquals("FACS", signature(bus, word(bus, fadt + 36), 4));
    long dsdt = word(bus, fadt + 40);
    assertEquals("DSDT", signature(bus, dsdt, 4));
    assertChecksum(bus, dsdt, word(bus, dsdt + 4));
    assertEquals(dsdt, bus.read(fadt + 140, 8), "X_DSDT");
  }

  @Test
  void madtNamesEveryProcessor() {
    PhysicalBus bus = machine(128 << 20, 300);
    long madt = table(bus, "APIC");
    int end = word(bus, madt + 4);
    int[] count = new int[10];
    int lastId = -1;
    for (int at = 44; at < end; at += (int) bus.read(madt + at + 1, 1)) {
      int type = (int) bus.read(madt + at, 1);
      count[type]++;
      if (type == 0) {
        assertEquals(++lastId, bus.read(madt + at + 3, 1));
      } else if (type == 9) {
        assertEquals(++lastId, word(bus, madt + at + 4));
      }
    }
    assertEquals(255, count[0]);
    assertEquals(45, count[9]);
    assertEquals(1, count[1]);
    assertEquals(299, lastId);
  }

  @Test
  void mpTableNamesEveryProcessorOfUpTo255() {
    PhysicalBus bus = machine(128 << 20, 4);
    long pointer = find(bus, "_MP_");
    assertChecksum(bus, pointer, 16);
    long table = word(bus, pointer + 4);
    assertEquals("PCMP", signature(bus, table, 4));
    assertChecksum(bus, table, (int) bus.read(table + 4, 2));
    assertEquals(0xFEE0_0000, word(bus, table + 36));
    int entries = (int) bus.read(table + 34, 2);
    assertEquals(4 + 2 + 1 + 15 + 2, entries);
    long at = table + 44;
    for (int k = 0; k < entries; k++) {
      at += bus.read(at, 1) == 0 ? 20 : 8;
    }
    assertEquals(table + bus.read(table + 4, 2), at);
  }

  @Test
  void tablesOf1024ProcessorsFit() {
    PhysicalBus bus = machine(128 << 20, 1024);
    long madt = table(bus, "APIC");
    assertTrue(madt + word(bus, madt + 4) < 0xF_0000);
  }

  @Test
  void romCannotBeWrittenAndVectorsPointIntoIt() {
    PhysicalBus bus = machine(16 << 20, 1);
    long before = bus.read(0xF_E000, 8);
    bus.write(0xF_E008, 8, -1);
    assertEquals(before, bus.read(0xF_E000, 8));
    assertEquals(0x00CF_9B00_0000_FFFFL, bus.read(0xF_E008, 8));
    int timer = word(bus, 4 * 8);
    assertEquals(0xF000, timer >>> 16);
    assertEquals(0x1E, bus.read(0xF_0000 + (timer & 0xFFFF), 1));
    assertEquals(0xCF, bus.read(0xF_0000 + (word(bus, 0) & 0xFFFF), 1));
    assertEquals(0xEA, bus.read(0xF_FFF0, 1));
    assertEquals(639, bus.read(0x413, 2));
  }

  @Test
  void bigMemoryIsSplitBelowFourGib() {
    var layout = new MemoryLayout(5L << 30);
    assertEquals(0xC000_0000L, layout.lowEnd());
    assertEquals(2L << 30, layout.highBytes());
    assertEquals(5, layout.ranges().size());
    assertEquals(
        new MemoryLayout.Range(1L << 32, 2L << 30, MemoryLayout.RangeType.USABLE),
        layout.ranges().get(4));
    assertEquals(40, layout.e820Table().length);
    assertEquals(128 << 20, new MemoryLayout(128 << 20).lowEnd());
    assertEquals(0xC000_0000L, new MemoryLayout(128 << 20).holeStart());
    assertEquals(0xE000_0000L, new MemoryLayout(0xD000_0000L).holeStart());
  }
}
