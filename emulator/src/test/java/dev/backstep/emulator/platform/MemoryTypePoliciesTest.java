package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.MemoryTypeChosen;
import dev.backstep.emulator.mmu.VcpuFixture;
import dev.backstep.emulator.vcpu.ControlBits;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Programs MTRRs, PAT, page tables and CR0 as a guest would, and looks at the type chosen.
class MemoryTypePoliciesTest {
  private static final int DS = 3;
  private static final long RAM_PAGE = 0x40_0000;

  /// UC- is 7 in the PAT.
  private static final String[] PAT_NAMES = {"UC", "UC-", "WC", "WT", "WP", "WB"};

  private static final int[] PAT_CODES = {0, 7, 1, 4, 5, 6};
  private static final String[] MTRR_NAMES = {"UC", "WC", "WT", "WP", "WB"};
  private static final int[] MTRR_CODES = {0, 1, 4, 5, 6};

  /// SDM Vol. 3 "Effective Page-Level Memory Types": rows by MTRR, columns as [#PAT_NAMES].
  private static final String[] TABLE = {
    "UC UC WC UC UC UC", //
    "UC WC WC UC UC WC", //
    "UC UC WC WT WP WT", //
    "UC WC WC WT WP WP", //
    "UC UC WC WT WP WB", //
  };

  private static String cell(int row, int column) {
    return TABLE[row].split(" ", -1)[column];
  }

  /// A vCPU in 64-bit mode whose page at linear 0 is `gpa` with PAT index 7.
  private static VcpuFixture paged(String platform, Map<String, Boolean> quirks, long gpa) {
    var f = new VcpuFixture("max", platform, quirks);
    f.ram.putLong(0x1000, 0x2007);
    f.ram.putLong(0x2000, 0x3007);
    f.ram.putLong(0x3000, 0x4007);
    f.ram.putLong(0x4000, gpa | 0x9F);
    return f.long64(0, 0x1000);
  }

  private static void pat(VcpuFixture f, int code) {
    f.c.msrTable.write(f.c, 0x277, (long) code << 56 | 0x07_0406_0007_0406L);
  }

  private static void mtrr(VcpuFixture f, long gpa, int code) {
    f.c.msrTable.write(f.c, 0x200, gpa | code);
    f.c.msrTable.write(f.c, 0x201, (1L << 46) - 0x1000 | 0x800);
    f.c.msrTable.write(f.c, 0x2FF, 0xC06);
  }

  private static MemoryTypeChosen chosen(VcpuFixture f) {
    f.c.mmu.flushAll("test");
    f.events.clear();
    f.c.mmu.load8(DS, 0);
    return f.eventsOf(MemoryTypeChosen.class).getFirst();
  }

  @Test
  void followsAll30CellsOfTheTableOnBareMetal() {
    var f = paged("bare-metal-intel", Map.of(), RAM_PAGE);
    for (int row = 0; row < MTRR_CODES.length; row++) {
      for (int column = 0; column < PAT_CODES.length; column++) {
        mtrr(f, RAM_PAGE, MTRR_CODES[row]);
        pat(f, PAT_CODES[column]);
        MemoryTypeChosen e = chosen(f);
        String where = MTRR_NAMES[row] + " x " + PAT_NAMES[column] + ": " + e.rule();
        assertEquals(cell(row, column), e.effective(), where);
        assertEquals(MTRR_NAMES[row], e.mtrr());
        assertEquals(PAT_NAMES[column], e.pat());
        assertNull(e.nested());
      }
    }
  }

  @Test
  void namesTheRuleThatDecided() {
    var f = paged("bare-metal-intel", Map.of(), RAM_PAGE);
    assertEquals("mtrr-disabled-uc", chosen(f).rule());
    mtrr(f, RAM_PAGE, 0);
    pat(f, 6);
    assertEquals("mtrr-uc-overrides-pat", chosen(f).rule());
    pat(f, 1);
    assertEquals("pat-wc-overrides-mtrr-uc", chosen(f).rule());
    mtrr(f, RAM_PAGE, 6);
    assertEquals("mtrr-wb-yields-to-pat", chosen(f).rule());
    mtrr(f, RAM_PAGE, 4);
    assertEquals("sdm-table mtrr=WT pat=WC", chosen(f).rule());
  }

  @Test
  void stopsFillingCachesOnBareMetalWhenCdIsSet() {
    var f = paged("bare-metal-intel", Map.of(), RAM_PAGE);
    mtrr(f, RAM_PAGE, 6);
    pat(f, 6);
    assertEquals("WB", chosen(f).effective());
    f.c.cr0 |= ControlBits.CR0_CD;
    f.events.clear();
    f.c.updateMode();
    assertEquals("UC", f.eventsOf(MemoryTypeChosen.class).getFirst().effective());
    assertEquals(0, f.eventsOf(MachineEvent.TlbFlush.class).size());
    MemoryTypeChosen e = chosen(f);
    assertEquals("UC cr0-cd-no-fill true", e.effective() + " " + e.rule() + " " + e.cr0Cd());
  }

  @Test
  void takesTheMtrrTypeWithPagingOffOnBareMetal() {
    var f = new VcpuFixture().flat32(0);
    mtrr(f, 0, 6);
    f.c.msrTable.write(f.c, 0x250, 0x0606_0606_0606_0606L);
    MemoryTypeChosen e = chosen(f);
    assertEquals("WB WB paging-off-mtrr-wb", e.effective() + " " + e.pat() + " " + e.rule());
    f.c.msrTable.write(f.c, 0x250, 0x0606_0606_0606_0604L);
    assertEquals("WT", chosen(f).effective());
  }

  @Test
  void ignoresGuestMtrrsPatAndCdUnderEpt() {
    var f = paged("kvm-intel", Map.of(), RAM_PAGE);
    f.c.cr0 |= ControlBits.CR0_CD;
    f.c.updateMode();
    for (int mtrr : MTRR_CODES) {
      for (int pat : PAT_CODES) {
        mtrr(f, RAM_PAGE, mtrr);
        pat(f, pat);
        MemoryTypeChosen e = chosen(f);
        assertEquals("WB", e.effective());
        assertEquals("WB|IPAT", e.nested());
        assertEquals("ept-wb-ignore-guest-pat", e.rule());
      }
    }
  }

  @Test
  void showsWhatTheGuestProgrammedThoughItIsIgnored() {
    var f = paged("kvm-intel", Map.of(), RAM_PAGE);
    mtrr(f, RAM_PAGE, 0);
    pat(f, 1);
    f.c.cr0 |= ControlBits.CR0_CD;
    f.c.updateMode();
    MemoryTypeChosen e = chosen(f);
    assertEquals("UC WC true WB", e.mtrr() + " " + e.pat() + " " + e.cr0Cd() + " " + e.effective());
  }

  @Test
  void honoursTheGuestPatUnderEptWithTheQuirkOff() {
    var f = paged("kvm-intel", Map.of("IGNORE_GUEST_PAT", false), RAM_PAGE);
    mtrr(f, RAM_PAGE, 0);
    for (int column = 0; column < PAT_CODES.length; column++) {
      pat(f, PAT_CODES[column]);
      MemoryTypeChosen e = chosen(f);
      assertEquals(cell(4, column), e.effective());
      assertEquals("WB", e.nested());
    }
  }

  @Test
  void combinesUcWithTheGuestPatForDevices() {
    for (String platform : new String[] {"bare-metal-intel", "kvm-intel", "kvm-amd"}) {
      var f = paged(platform, Map.of(), VcpuFixture.DEVICE);
      mtrr(f, VcpuFixture.DEVICE, 0);
      pat(f, 1);
      assertEquals("WC", chosen(f).effective(), platform);
      pat(f, 6);
      assertEquals("UC", chosen(f).effective(), platform);
    }
  }

  @Test
  void keepsTheXapicPageUncachedEverywhere() {
    for (Platforms.Entry entry : Platforms.list()) {
      var f = paged(entry.name(), Map.of(), 0xFEE0_0000L);
      pat(f, 6);
      MemoryTypeChosen e = chosen(f);
      assertEquals("UC xapic-page-uc", e.effective() + " " + e.rule(), entry.name());
    }
  }

  @Test
  void honoursPatButNotMtrrsUnderNestedPaging() {
    var f = paged("kvm-amd", Map.of(), RAM_PAGE);
    mtrr(f, RAM_PAGE, 0);
    f.c.cr0 |= ControlBits.CR0_CD;
    f.c.updateMode();
    for (int column = 0; column < PAT_CODES.length; column++) {
      pat(f, PAT_CODES[column]);
      assertEquals(cell(4, column), chosen(f).effective());
    }
  }

  @Test
  void letsCdThroughUnderNestedPagingWithTheQuirkOff() {
    var f = paged("kvm-amd", Map.of("CD_NW_CLEARED", false), RAM_PAGE);
    pat(f, 6);
    assertEquals("WB", chosen(f).effective());
    f.c.cr0 |= ControlBits.CR0_CD;
    f.c.updateMode();
    assertEquals("cr0-cd-no-fill", chosen(f).rule());
  }

  @Test
  void splitsALargePageThatIsNotUniform() {
    var f = paged("bare-metal-intel", Map.of(), RAM_PAGE);
    f.ram.putLong(0x3000, 0x40_0087);
    mtrr(f, 0x40_1000, 0);
    f.events.clear();
    f.c.mmu.load8(DS, 0);
    f.c.mmu.load8(DS, 0x1000);
    var fills = f.eventsOf(MemoryTypeChosen.class);
    assertEquals(2, fills.size());
    assertEquals("WB 4096", fills.get(0).effective() + " " + fills.get(0).size());
    assertEquals("UC 4096", fills.get(1).effective() + " " + fills.get(1).size());
  }
}
