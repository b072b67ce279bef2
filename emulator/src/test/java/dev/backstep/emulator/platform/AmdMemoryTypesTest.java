package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.listen.MachineEvent.MemoryTypeChosen;
import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.VcpuFixture;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// APM Vol. 2 "Combined Effect of MTRRs and PAT" and "Combining Memory Types, MTRRs".
class AmdMemoryTypesTest {
  private static final int DS = 3;
  private static final long RAM_PAGE = 0x40_0000;
  private static final String[] PATS = {"UC", "UC-", "WC", "WP", "WT", "WB"};
  private static final int[] PAT_CODES = {0, 7, 1, 5, 4, 6};
  private static final String[] MTRRS = {"UC", "WC", "WP", "WT", "WB"};
  private static final int[] MTRR_CODES = {0, 1, 5, 4, 6};

  /// Rows by PAT, columns by MTRR.
  private static final String[] BARE_METAL = {
    "UC CD CD CD CD", //
    "UC WC CD CD CD", //
    "WC WC WC WC WC", //
    "UC CD WP CD WP", //
    "UC CD CD WT WT", //
    "UC WC WP WT WB", //
  };

  /// By PAT: guest RAM (host PAT WB, host MTRRs WB), and devices (host MTRRs UC).
  private static final String[] NESTED_RAM = {"CD", "CD", "WC+", "WP", "WT", "WB"};

  private static final String[] NESTED_DEVICE = {"UC", "UC", "WC", "UC", "UC", "UC"};

  private static VcpuFixture paged(String platform, long gpa, int mtrr, int pat) {
    var f = new VcpuFixture("max", platform, Map.of());
    f.ram.putLong(0x1000, 0x2007);
    f.ram.putLong(0x2000, 0x3007);
    f.ram.putLong(0x3000, 0x4007);
    f.ram.putLong(0x4000, gpa | 0x9F);
    f.long64(0, 0x1000);
    f.c.msrTable.write(f.c, 0x277, (long) PAT_CODES[pat] << 56 | 0x07_0406_0007_0406L);
    f.c.msrTable.write(f.c, 0x200, gpa | MTRR_CODES[mtrr]);
    f.c.msrTable.write(f.c, 0x201, (1L << 46) - 0x1000 | 0x800);
    f.c.msrTable.write(f.c, 0x2FF, 0xC06);
    f.events.clear();
    return f;
  }

  private static MemoryTypeChosen chosen(VcpuFixture f) {
    f.c.mmu.load8(DS, 0);
    return f.eventsOf(MemoryTypeChosen.class).getFirst();
  }

  /// CD caches as UC does, WC+ as WC; the rule tells them apart.
  private static void assertType(String wanted, MemoryTypeChosen e, String where) {
    boolean named = wanted.equals("CD") || wanted.equals("WC+");
    String shown = wanted.equals("CD") ? "UC" : wanted.equals("WC+") ? "WC" : wanted;
    assertEquals(shown, e.effective(), where);
    assertEquals(named, e.rule().endsWith(": " + wanted), where + ": " + e.rule());
  }

  @Test
  void followsAll30CellsOnBareMetal() {
    for (int pat = 0; pat < PATS.length; pat++) {
      for (int mtrr = 0; mtrr < MTRRS.length; mtrr++) {
        MemoryTypeChosen e = chosen(paged("bare-metal-amd", RAM_PAGE, mtrr, pat));
        String where = "MTRR " + MTRRS[mtrr] + ", PAT " + PATS[pat];
        assertType(BARE_METAL[pat].split(" ", -1)[mtrr], e, where);
        assertEquals(MTRRS[mtrr] + " " + PATS[pat], e.mtrr() + " " + e.pat());
      }
    }
  }

  @Test
  void combinesGuestAndHostWhateverTheGuestsMtrrsSay() {
    for (int pat = 0; pat < PATS.length; pat++) {
      for (int mtrr = 0; mtrr < MTRRS.length; mtrr++) {
        String where = "guest MTRR " + MTRRS[mtrr] + ", PAT " + PATS[pat];
        assertType(NESTED_RAM[pat], chosen(paged("kvm-amd", RAM_PAGE, mtrr, pat)), where);
        MemoryTypeChosen device = chosen(paged("kvm-amd", VcpuFixture.DEVICE, mtrr, pat));
        assertType(NESTED_DEVICE[pat], device, where);
      }
    }
  }

  @Test
  void combinesGuestAndHostPatWithoutRegardToOrderButForWcAndUcMinus() {
    for (MemoryType guest : MemoryType.values()) {
      for (MemoryType host : MemoryType.values()) {
        AmdMemoryType one = AmdMemoryType.nested(guest, host);
        AmdMemoryType other = AmdMemoryType.nested(host, guest);
        String where = guest + " over " + host;
        if (guest == MemoryType.WC) {
          assertEquals(MemoryType.WC, one.caching(), where);
        } else if (host != MemoryType.WC) {
          assertEquals(one, other, where);
        }
      }
    }
  }

  @Test
  void namesRulesAsOnIntelButForTheTable() {
    assertEquals("mtrr-uc-overrides-pat", rule(0, 5));
    assertEquals("pat-wc-overrides-mtrr-uc", rule(0, 2));
    assertEquals("mtrr-wb-yields-to-pat", rule(4, 5));
    assertEquals("mtrr-wb-yields-to-pat: CD", rule(4, 0));
    assertEquals("apm-table mtrr=WT pat=WT", rule(3, 4));
    assertEquals("apm-table mtrr=WT pat=WP: CD", rule(3, 3));
  }

  private static String rule(int mtrr, int pat) {
    return chosen(paged("bare-metal-amd", RAM_PAGE, mtrr, pat)).rule();
  }
}
