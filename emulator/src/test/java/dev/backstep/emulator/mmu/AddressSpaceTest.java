package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.vcpu.ControlBits;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// PCIDs, global pages, 5-level paging and address masking. SDM Vol. 3 "Process-Context Identifiers
/// (PCIDs)", "Caching Translation Information", "Linear-Address Masking (LAM)".
class AddressSpaceTest {
  private static final int DS = 3;
  private static final long PML4 = 0x1000;
  private static final long PD = 0x3000;
  private static final long PT = 0x4000;
  private static final long OLD = 0x20_0000;
  private static final long NEW = 0x60_0000;
  private static final long LARGE = 0x40_0000;

  private final VcpuFixture f =
      new VcpuFixture("max,+pcid,+la57,+lam,phys-bits=46", "bare-metal-intel", Map.of());
  private final Mmu mmu = f.c.mmu;

  /// One set of tables for all PCIDs: a 4 KiB page at 0, a global one at 0x1000, and a large one.
  private void tables() {
    f.ram.putLong(PML4, 0x2007);
    f.ram.putLong(0x2000, PD | 7);
    f.ram.putLong(PD, PT | 7);
    point(OLD);
    f.c.cr4 = ControlBits.CR4_PCIDE | ControlBits.CR4_PGE;
    f.long64(0, PML4);
    mmu.flushAll("test");
  }

  private void point(long gpa) {
    f.ram.putLong(PT, gpa | 7);
    f.ram.putLong(PT + 8, gpa | 0x107);
    f.ram.putLong(PD + 16, gpa | 0x87);
    f.ram.putLong(PD + 24, gpa | 0x187);
  }

  private void enter(int pcid) {
    f.c.cr3 = PML4 | pcid;
    mmu.translations().addressSpaceChanged();
  }

  /// Which of the pages at 0, 0x1000 (global), LARGE and LARGE + 2 MiB (global) are stale, as
  /// letters.
  private String stale() {
    var seen = new StringBuilder();
    long[] pages = {0, 0x1000, LARGE, LARGE + 0x20_0000};
    for (int k = 0; k < pages.length; k++) {
      if (mmu.fetchGpa(pages[k]) == OLD) {
        seen.append("sglG".charAt(k));
      }
    }
    return seen.toString();
  }

  private void fillThenPointElsewhere(int... pcids) {
    tables();
    for (int pcid : pcids) {
      enter(pcid);
      assertEquals("sglG", stale());
      mmu.load8(DS, LARGE + 0x5000);
    }
    point(NEW);
  }

  @Test
  void keepsTranslationsByPcid() {
    fillThenPointElsewhere(1, 2);
    enter(3);
    assertEquals("gG", stale(), "a new PCID sees global pages only");
    enter(1);
    assertEquals("sglG", stale());
    mmu.translations().flushContext(1, "cr3");
    assertEquals("gG", stale());
    enter(2);
    assertEquals("sglG", stale());
    enter(0xFFF);
    assertEquals("gG", stale());
  }

  @Test
  void flushesOnePageOfOnePcid() {
    fillThenPointElsewhere(1, 2);
    enter(1);
    mmu.translations().flushPage(0x123, 2, "invpcid-address");
    mmu.translations().flushPage(LARGE + 0x1000, 2, "invpcid-address");
    assertEquals("sglG", stale());
    enter(2);
    assertEquals("gG", stale());
    mmu.translations().flushPage(0x1FFF, "invlpg");
    mmu.translations().flushPage(LARGE + 0x20_1000, "invlpg");
    assertEquals("", stale(), "INVLPG drops global pages");
  }

  @Test
  void flushesAllContexts() {
    fillThenPointElsewhere(1, 2);
    mmu.translations().flushNonGlobal("invpcid-non-global");
    assertEquals("gG", stale());
    enter(1);
    assertEquals("gG", stale());
    mmu.flushAll("invpcid-all");
    assertEquals("", stale());
  }

  @Test
  void switchesViewsWithTheAddressSpace() {
    tables();
    f.ram.putByte(OLD, (byte) 1);
    f.ram.putByte(NEW, (byte) 2);
    enter(1);
    assertEquals(1, mmu.load8(DS, 0));
    point(NEW);
    enter(2);
    assertEquals(2, mmu.load8(DS, 0));
    enter(1);
    assertEquals(1, mmu.load8(DS, 0));
  }

  @Test
  void translatesFiftySevenBits() {
    f.ram.putLong(0x6000 + 8 * 0xFF, PML4 | 7);
    f.ram.putLong(PML4 + 8 * 511, 0x2007);
    f.ram.putLong(0x2000, PD | 7);
    f.ram.putLong(PD, PT | 7);
    f.ram.putLong(PT, OLD | 7);
    f.c.cr4 = ControlBits.CR4_LA57;
    f.long64(3, 0x6000);
    long gva = 0xFFL << 48 | 511L << 39;
    assertEquals(OLD + 5, mmu.fetchGpa(gva + 5));
    mmu.store32(DS, gva, 77);
    assertEquals(77, f.ram.getInt(OLD));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.load8(DS, 1L << 56)));
    f.ram.putLong(0x6000 + 8 * 0xFF, PML4 | 0x87);
    mmu.flushAll("test");
    String fault = "14:13@" + Long.toHexString(gva);
    assertEquals(fault, VcpuFixture.faultOf(() -> mmu.load8(DS, gva)), "PS is reserved");
  }

  @Test
  void masksMetadataOfDataAccessesOnly() {
    tables();
    f.c.cr3 = PML4 | ControlBits.CR3_LAM_U57;
    mmu.translations().addressSpaceChanged();
    long tagged = 0x2AL << 57;
    mmu.store32(DS, tagged | 8, 42);
    assertEquals(42, mmu.load32(DS, tagged | 8));
    assertEquals(42, mmu.load32(DS, 8));
    assertEquals(42, mmu.load32(DS, 0x15L << 57 | 8));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.fetchGpa(tagged)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.readSystem(tagged, 8)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.load8(DS, 1L << 48)));
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.load8(DS, Long.MIN_VALUE)));
    assertEquals(
        "14:0@7fff12345000",
        VcpuFixture.faultOf(() -> mmu.load8(DS, tagged | 0x7FFF_1234_5000L)),
        "CR2 has no metadata");
  }

  @Test
  void invalidatesWhatWasReachedThroughMetadata() {
    tables();
    f.c.cr3 = PML4 | ControlBits.CR3_LAM_U48;
    mmu.translations().addressSpaceChanged();
    long tagged = 0x1234L << 48;
    f.ram.putByte(OLD, (byte) 1);
    f.ram.putByte(NEW, (byte) 2);
    assertEquals(1, mmu.load8(DS, tagged));
    assertEquals(1, mmu.load8(DS, tagged));
    point(NEW);
    mmu.translations().flushPage(0, "invlpg");
    assertEquals(2, mmu.load8(DS, tagged));
    f.c.cr3 = PML4;
    mmu.translations().addressSpaceChanged();
    assertEquals("13:0", VcpuFixture.faultOf(() -> mmu.load8(DS, tagged)));
  }

  @Test
  void checksRegistersForTheProcessorsWidth() {
    tables();
    assertEquals(true, mmu.isLoadable(1L << 55));
    assertEquals(false, mmu.isCanonical(1L << 55));
    assertEquals(false, mmu.isLoadable(1L << 56));
    var narrow = new VcpuFixture("max,-la57", "bare-metal-intel", Map.of());
    assertEquals(false, narrow.c.mmu.isLoadable(1L << 47));
  }
}
