package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// SDM Vol. 3 "MTRR Precedences", "Setting the Memory Type Range Registers".
class MtrrsTest {
  private static final long ENABLED = 1 << 11;
  private static final long FIXED_ENABLED = 1 << 10;
  private static final int UC = 0;
  private static final int WC = 1;
  private static final int WT = 4;
  private static final int WP = 5;
  private static final int WB = 6;

  private final Mtrrs mtrrs = new Mtrrs(46);

  private void variable(int k, long base, long size, int type) {
    assertTrue(mtrrs.setBase(k, base | type));
    assertTrue(mtrrs.setMask(k, (1L << 46) - size | 1 << 11));
  }

  private String at(long gpa) {
    Mtrrs.Resolution r = mtrrs.resolve(gpa);
    return r.type().label() + " " + r.rule();
  }

  @Test
  void isUncachedWhileDisabled() {
    variable(0, 0, 1 << 30, WB);
    mtrrs.setDefType(WB);
    assertEquals("UC DISABLED", at(0));
  }

  @Test
  void fallsBackToTheDefaultType() {
    mtrrs.setDefType(ENABLED | WT);
    assertEquals("WT DEFAULT", at(0x1234_5000));
  }

  @Test
  void combinesOverlappingRanges() {
    int[] types = {UC, WC, WT, WP, WB};
    String[] names = {"UC", "WC", "WT", "WP", "WB"};
    mtrrs.setDefType(ENABLED | WP);
    for (int a = 0; a < types.length; a++) {
      for (int b = 0; b < types.length; b++) {
        variable(0, 0x4000_0000, 0x1000_0000, types[a]);
        variable(1, 0x4000_0000, 0x0010_0000, types[b]);
        boolean writes = types[a] + types[b] == WT + WB && types[a] != WP;
        String wanted =
            a == b
                ? names[a] + " VARIABLE"
                : a == 0 || b == 0
                    ? "UC OVERLAP_UC"
                    : writes ? "WT OVERLAP_WT" : "UC OVERLAP_UNDEFINED";
        assertEquals(wanted, at(0x400F_FFFF));
        assertEquals(names[a] + " VARIABLE", at(0x4010_0000));
        assertEquals("WP DEFAULT", at(0x5000_0000));
      }
    }
  }

  @Test
  void ignoresRangesThatAreNotValid() {
    mtrrs.setDefType(ENABLED | WB);
    assertTrue(mtrrs.setBase(0, 0x4000_0000 | UC));
    assertTrue(mtrrs.setMask(0, (1L << 46) - 0x1000_0000));
    assertEquals("WB DEFAULT", at(0x4000_0000));
  }

  @Test
  void letsFixedRangesWinBelow1MiB() {
    variable(0, 0, 1 << 30, UC);
    long[] starts = {0, 0x8_0000, 0xA_0000, 0xC_0000, 0xC_8000, 0xF_8000};
    int[] registers = {0, 1, 2, 3, 4, 10};
    long[] steps = {0x1_0000, 0x4000, 0x4000, 0x1000, 0x1000, 0x1000};
    mtrrs.setDefType(ENABLED | FIXED_ENABLED | UC);
    for (int k = 0; k < starts.length; k++) {
      assertTrue(mtrrs.setFixed(registers[k], 0x0605_0401_0005_0406L));
      String[] wanted = {"WB", "WT", "WP", "UC", "WC", "WT", "WP", "WB"};
      for (int field = 0; field < 8; field++) {
        long first = starts[k] + field * steps[k];
        assertEquals(wanted[field] + " FIXED", at(first));
        assertEquals(wanted[field] + " FIXED", at(first + steps[k] - 1));
      }
    }
    assertEquals("UC VARIABLE", at(0x10_0000));
    mtrrs.setDefType(ENABLED);
    assertEquals("UC VARIABLE", at(0));
  }

  @Test
  void refusesReservedBitsAndTypes() {
    assertFalse(mtrrs.setDefType(ENABLED | 2));
    assertFalse(mtrrs.setDefType(ENABLED | 7));
    assertFalse(mtrrs.setDefType(1 << 12));
    assertFalse(mtrrs.setDefType(1 << 8));
    assertFalse(mtrrs.setFixed(0, 0x0606_0606_0606_0306L));
    assertFalse(mtrrs.setBase(0, 0x100));
    assertFalse(mtrrs.setBase(0, 3));
    assertFalse(mtrrs.setBase(0, 1L << 46));
    assertFalse(mtrrs.setMask(0, 1L << 46));
    assertFalse(mtrrs.setMask(0, 0x400));
    assertTrue(mtrrs.setMask(0, 0x800));
    assertTrue(mtrrs.setBase(0, 0x1006));
  }

  @Test
  void knowsWhetherALargePageHasOneType() {
    assertTrue(mtrrs.isUniform(0, 2 << 20), "disabled");
    mtrrs.setDefType(ENABLED | FIXED_ENABLED | WB);
    assertFalse(mtrrs.isUniform(0, 2 << 20), "fixed ranges");
    assertTrue(mtrrs.isUniform(2 << 20, 2 << 20));
    variable(0, 0x4010_0000, 0x10_0000, UC);
    assertFalse(mtrrs.isUniform(0x4000_0000, 2 << 20));
    assertFalse(mtrrs.isUniform(0x4000_0000, 1 << 30));
    assertTrue(mtrrs.isUniform(0x4020_0000, 2 << 20));
    assertTrue(mtrrs.isUniform(0x8000_0000L, 1 << 30));
  }

  @Test
  void coversTheHoleAsFirmwareDoes() {
    for (long hole : new long[] {0x8000_0000L, 0xC000_0000L, 0xB000_0000L, 0xE000_0000L}) {
      mtrrs.setAsFirmwareDoes(hole);
      assertEquals("WB DEFAULT", at(hole - 1));
      assertEquals("UC VARIABLE", at(hole));
      assertEquals("UC VARIABLE", at(0xFFFF_FFFFL));
      assertEquals("WB DEFAULT", at(1L << 32));
      assertEquals("WB FIXED", at(0x9_FFFF));
      assertEquals("UC FIXED", at(0xA_0000));
      assertEquals("WP FIXED", at(0xF_FFFF));
    }
  }
}
