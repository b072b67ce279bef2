package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.ControlBits;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PageWalkTest {
  private static final int DS = 3;
  private static final long ACCESSED = 0x20;
  private static final long DIRTY = 0x40;
  private static final long PML4 = 0x1000;
  private static final long PDPT = 0x2000;
  private static final long PD = 0x3000;
  private static final long PT = 0x4000;

  private final VcpuFixture f = new VcpuFixture();
  private final Mmu mmu = f.c.mmu;

  private void tables64() {
    f.ram.putLong(PML4, PDPT | 7);
    f.ram.putLong(PDPT, PD | 7);
    f.ram.putLong(PD, PT | 7);
    f.ram.putLong(PT, 0x10_0000 | 7);
    f.long64(0, PML4);
  }

  @Test
  void setsAccessedInEveryEntryAndDirtyInTheLast() {
    tables64();
    mmu.load8(DS, 0);
    for (long table : new long[] {PML4, PDPT, PD, PT}) {
      assertEquals(ACCESSED, f.ram.getLong(table) & (ACCESSED | DIRTY));
    }
    mmu.store8(DS, 0, 1);
    assertEquals(ACCESSED, f.ram.getLong(PD) & (ACCESSED | DIRTY));
    assertEquals(ACCESSED | DIRTY, f.ram.getLong(PT) & (ACCESSED | DIRTY));
  }

  @Test
  void setsNothingForAnAccessThatFaults() {
    tables64();
    f.at(3);
    f.ram.putLong(PT, 0x10_0000 | 3);
    assertEquals("14:5@0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)));
    assertEquals(0, f.ram.getLong(PML4) & ACCESSED);
    assertEquals(0, f.ram.getLong(PT) & ACCESSED);
  }

  @Test
  void setsDirtyForAReadThatWillBeWritten() {
    tables64();
    mmu.loadForWrite8(DS, 0);
    assertEquals(DIRTY, f.ram.getLong(PT) & DIRTY);
  }

  @Test
  void translates2MiBAnd1GiBPages() {
    tables64();
    f.ram.putLong(PD + 8, 0x20_0087);
    f.ram.putLong(PDPT + 8, 0x87);
    assertEquals(0x23_4567, mmu.fetchGpa(0x23_4567));
    assertEquals(0x12_3456, mmu.fetchGpa(0x4012_3456));
  }

  @Test
  void refusesReservedBits() {
    tables64();
    long[] bad = {
      PT | 7 | 1L << 46, PT | 7 | 1L << 51, 0x20_0087 | 1 << 13, 0x20_0087 | 1 << 20, -1,
    };
    for (long entry : bad) {
      f.ram.putLong(PD, entry);
      assertEquals("14:9@0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)), Long.toHexString(entry));
    }
    f.ram.putLong(PD, PT | 7 | 0x7FFL << 52);
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)), "62:52 are ignored");
    mmu.flushAll("test");
    f.ram.putLong(PDPT, 0x87 | 1 << 13);
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)));
    f.ram.putLong(PML4, PDPT | 0x87);
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)));
  }

  @Test
  void has1GiBPagesOnlyWhenEnumerated() {
    var g = new VcpuFixture("max,-pdpe1gb", "bare-metal-intel", Map.of());
    g.ram.putLong(PML4, PDPT | 7);
    g.ram.putLong(PDPT, 0x87);
    g.long64(0, PML4);
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> g.c.mmu.load8(DS, 0)));
  }

  @Test
  void reservesBitsByPhysicalAddressWidth() {
    var g = new VcpuFixture("max,phys-bits=40", "bare-metal-intel", Map.of());
    g.ram.putLong(PML4, PDPT | 7 | 1L << 40);
    g.long64(0, PML4);
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> g.c.mmu.load8(DS, 0)));
  }

  @Test
  void readsTablesBeyondMemoryAsAllOnes() {
    tables64();
    f.ram.putLong(PML4, 0x3F_0000_0000L | 7);
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)));
    f.ram.putLong(PML4, VcpuFixture.DEVICE | 7);
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)));
    assertTrue(f.device.log.isEmpty(), "a walk is no access to a device");
    f.c.cr3 = 0xFEE0_0000L;
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)));
  }

  @Test
  void takesPse36AddressBits() {
    f.ram.putInt(PML4 + 4, 0x40_0087 | 1 << 13);
    f.ram.putInt(PML4 + 8, 0x40_0087 | 1 << 21);
    f.ram.putInt(PML4 + 12, 0x40_0087);
    f.c.cr3 = PML4;
    f.c.cr4 = ControlBits.CR4_PSE;
    f.flat32(0);
    f.c.cr0 |= ControlBits.CR0_PG;
    f.c.updateMode();
    assertEquals(0x1_0040_0010L, mmu.fetchGpa(0x40_0010));
    assertEquals("14:9@800000", VcpuFixture.faultOf(() -> mmu.fetchGpa(0x80_0000)));
    assertEquals(0x7F_FFFF, mmu.fetchGpa(0xFF_FFFF));
    f.c.cr4 = 0;
    f.c.updateMode();
    mmu.flushAll("cr4");
    assertEquals("14:0@c00000", VcpuFixture.faultOf(() -> mmu.fetchGpa(0xC0_0000)));
  }

  @Test
  void loadsPdptesAllOrNone() {
    f.ram.putLong(PDPT, PD | 1);
    f.ram.putLong(PDPT + 8, PD | 1 << 1);
    f.ram.putLong(PDPT + 16, PD | 0x1E0);
    f.ram.putLong(PDPT + 24, PD | 1);
    assertTrue(mmu.translations().loadPdptes(PDPT), "bits of absent entries do not count");
    f.c.cr4 = ControlBits.CR4_PAE;
    f.flat32(0);
    f.c.cr0 |= ControlBits.CR0_PG;
    f.c.updateMode();
    f.ram.putLong(PD, 0x20_0083);
    assertEquals(0x20_0000, mmu.fetchGpa(0));
    assertEquals("14:0@40000000", VcpuFixture.faultOf(() -> mmu.fetchGpa(0x4000_0000)));
    for (long reserved : new long[] {2, 4, 0x20, 0x40, 0x80, 0x100, 1L << 46, 1L << 63}) {
      f.ram.putLong(PDPT + 24, PD | 1 | reserved);
      assertFalse(mmu.translations().loadPdptes(PDPT), Long.toHexString(reserved));
    }
    mmu.flushAll("test");
    assertEquals(0x20_0000, mmu.fetchGpa(0xC000_0000L), "the old ones stay");
    assertFalse(mmu.translations().loadPdptes(0x9000_0000L), "all ones");
  }

  @Test
  void keepsTranslationsUntilTheyAreFlushed() {
    tables64();
    f.ram.putByte(0x10_0000, (byte) 1);
    f.ram.putByte(0x20_0000, (byte) 2);
    assertEquals(1, mmu.load8(DS, 0));
    f.ram.putLong(PT, 0x20_0000 | 7);
    assertEquals(1, mmu.load8(DS, 0));
    assertEquals(0x10_0000, mmu.fetchGpa(0));
    mmu.translations().flushPage(0x123, "invlpg");
    assertEquals(2, mmu.load8(DS, 0));
    f.ram.putLong(PT, 0x10_0000 | 7);
    mmu.translations().flushNonGlobal("cr3");
    assertEquals(1, mmu.load8(DS, 0));
  }

  @Test
  void walksAgainBeforeItFaults() {
    tables64();
    f.ram.putLong(PT, 0x10_0000 | 5);
    f.c.cr0 |= ControlBits.CR0_WP;
    f.c.updateMode();
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.load8(DS, 0)));
    assertEquals("14:3@0", VcpuFixture.faultOf(() -> mmu.store8(DS, 0, 1)));
    f.ram.putLong(PT, 0x10_0000 | 7);
    assertEquals("none", VcpuFixture.faultOf(() -> mmu.store8(DS, 0, 1)));
  }

  @Test
  void keepsGlobalPagesOverCr3() {
    tables64();
    f.c.cr4 |= ControlBits.CR4_PGE;
    f.c.updateMode();
    f.ram.putLong(PT, 0x10_0000 | 0x107);
    f.ram.putLong(PD + 8, 0x20_0000 | 0x187);
    assertEquals(0x10_0000, mmu.fetchGpa(0));
    assertEquals(0x20_0000, mmu.fetchGpa(0x20_0000));
    f.ram.putLong(PT, 0x30_0000 | 7);
    f.ram.putLong(PD + 8, 0x40_0000 | 0x87);
    mmu.translations().flushNonGlobal("cr3");
    assertEquals(0x10_0000, mmu.fetchGpa(0));
    assertEquals(0x20_1000, mmu.fetchGpa(0x20_1000));
    mmu.flushAll("cr4");
    assertEquals(0x30_0000, mmu.fetchGpa(0));
    assertEquals(0x40_1000, mmu.fetchGpa(0x20_1000));
  }

  @Test
  void invalidatesAllOfALargePage() {
    tables64();
    f.ram.putLong(PD + 8, 0x20_0087);
    mmu.load8(DS, 0x20_1000);
    mmu.load8(DS, 0x3F_F000);
    f.ram.putLong(PD + 8, 0x40_0087);
    f.ram.putByte(0x40_1000, (byte) 9);
    assertEquals(0, mmu.load8(DS, 0x20_1000));
    mmu.translations().flushPage(0x30_0000, "invlpg");
    assertEquals(9, mmu.load8(DS, 0x20_1000));
    assertEquals(0x5F_F000, mmu.fetchGpa(0x3F_F000));
  }

  @Test
  void invalidatesLargePagesThatLostTheirEntry() {
    tables64();
    for (int k = 1; k < 64; k++) {
      f.ram.putLong(PD + 8L * k, 0x20_0087);
    }
    for (long gva = 0x20_0000; gva < 64 * 0x20_0000L; gva += 0x20_0000) {
      // Each in another slot of the TLB.
      mmu.load8(DS, gva + (gva >> 9));
    }
    for (int k = 1; k < 64; k++) {
      f.ram.putLong(PD + 8L * k, 0x40_0087);
    }
    for (long gva = 0x20_0000; gva < 64 * 0x20_0000L; gva += 0x20_0000) {
      mmu.translations().flushPage(gva, "invlpg");
      assertEquals(0x40_0000 + (gva >> 9), mmu.fetchGpa(gva + (gva >> 9)));
    }
  }

  @Test
  void emitsOneMemoryTypePerFill() {
    tables64();
    f.ram.putLong(PD + 8, 0x20_0087);
    f.events.clear();
    mmu.load8(DS, 0x0);
    mmu.load8(DS, 0x8);
    mmu.store8(DS, 0x8, 1);
    mmu.load8(DS, 0x20_0000);
    mmu.load8(DS, 0x20_5000);
    mmu.store8(DS, 0x20_6000, 1);
    var fills = f.eventsOf(MachineEvent.MemoryTypeChosen.class);
    assertEquals(2, fills.size(), fills.toString());
    assertEquals(4096, fills.get(0).size());
    assertEquals(0x10_0000, fills.get(0).gpa());
    assertEquals(0x20_0000, fills.get(1).size());
    assertEquals(0x20_0000, fills.get(1).gva());
    mmu.translations().flushPage(0, "invlpg");
    mmu.load8(DS, 0);
    assertEquals(3, f.eventsOf(MachineEvent.MemoryTypeChosen.class).size());
  }
}
