package dev.backstep.emulator.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.Mtrrs;
import dev.backstep.emulator.mmu.VcpuFixture;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// kvm_mtrr_get_guest_memory_type of Linux 6.10 and earlier.
class KvmMtrrsTest {
  private static final int UC = 0;
  private static final int WC = 1;
  private static final int WT = 4;
  private static final int WB = 6;
  private static final int[] TYPES = {0, 1, 4, 5, 6};
  private static final long GIB = 1L << 30;

  private final Mtrrs mtrrs = new VcpuFixture().c.mmu.mtrrs();

  private void variable(int k, long base, long size, int type) {
    mtrrs.setBase(k, base | type);
    mtrrs.setMask(k, (1L << 46) - size | 1 << 11);
  }

  private String at(long gpa) {
    Mtrrs.Resolution r = KvmMtrrs.resolve(mtrrs, gpa);
    return r.type().label() + " " + r.rule();
  }

  @Test
  void readsSingleRangesFixedRangesAndTheDefaultAsHardwareDoes() {
    mtrrs.setDefType(1 << 11 | 1 << 10 | WT);
    mtrrs.setFixed(0, 0x0606_0606_0606_0601L);
    variable(0, GIB, GIB, WC);
    assertEquals("WC FIXED", at(0));
    assertEquals("WB FIXED", at(0x1_0000));
    assertEquals("WC VARIABLE", at(GIB));
    assertEquals("WT DEFAULT", at(2 * GIB));
    mtrrs.setDefType(WT);
    assertEquals("UC DISABLED", at(GIB));
  }

  @Test
  void losesAUcRangeThatBeginsAboveAnother() {
    mtrrs.setDefType(1 << 11 | WB);
    variable(0, 0, 4 * GIB, WB);
    variable(1, 3 * GIB, GIB, UC);
    assertEquals("WB OVERLAP_UNDEFINED", at(3 * GIB));
    assertEquals(Mtrrs.Rule.OVERLAP_UC, mtrrs.resolve(3 * GIB).rule(), "hardware");
    variable(0, 3 * GIB, GIB, WB);
    assertEquals("UC OVERLAP_UC", at(3 * GIB));
  }

  @Test
  void joinsWtAndWbToWtAndOtherPairsToWb() {
    mtrrs.setDefType(1 << 11 | UC);
    variable(0, 0, GIB, WT);
    variable(1, 0, GIB, WB);
    assertEquals("WT OVERLAP_WT", at(0));
    variable(1, 0, GIB, WC);
    assertEquals("WB OVERLAP_UNDEFINED", at(0));
  }

  @Test
  void takesAMaskWithHolesForOneRange() {
    mtrrs.setDefType(1 << 11 | WB);
    mtrrs.setBase(0, UC);
    mtrrs.setMask(0, (1L << 46) - 0x4000 | 0x1000 | 1 << 11);
    assertEquals("UC VARIABLE", at(0x1000));
    assertEquals(Mtrrs.Rule.DEFAULT, mtrrs.resolve(0x1000).rule(), "hardware");
    assertEquals("UC VARIABLE", at(0x2000));
    assertEquals("WB DEFAULT", at(0x4000));
  }

  /// The list that KVM keeps, sorted by descending base, walked as it walks it.
  private static int walk(List<long[]> ranges, long gpa) {
    List<long[]> sorted = new ArrayList<>(ranges);
    sorted.sort(Comparator.comparingLong((long[] r) -> r[0]).reversed());
    int type = -1;
    for (long[] range : sorted) {
      long start = range[0] & -4096L;
      if (gpa < start || gpa >= start + range[1]) {
        continue;
      }
      int current = (int) range[0] & 0xFF;
      if (type == -1 || type == current) {
        type = current;
      } else if (current == UC) {
        return UC;
      } else if ((type == WT || type == WB) && (current == WT || current == WB)) {
        type = WT;
      } else {
        return WB;
      }
    }
    return type == -1 ? WC : type;
  }

  @Test
  void walksRangesAsKvmDoes() {
    var random = new Random(0x610);
    mtrrs.setDefType(1 << 11 | WC);
    for (int round = 0; round < 2_000; round++) {
      List<long[]> ranges = new ArrayList<>();
      for (int k = 0; k < Mtrrs.VARIABLE_RANGES; k++) {
        mtrrs.setMask(k, 0);
      }
      int count = random.nextInt(Mtrrs.VARIABLE_RANGES + 1);
      for (int k = 0; k < count; k++) {
        long size = 4096L << random.nextInt(4);
        long base = random.nextLong(0x10_0000, 0x10_8000) & -size;
        int type = TYPES[random.nextInt(TYPES.length)];
        variable(k, base, size, type);
        ranges.add(new long[] {base | type, size});
      }
      for (long gpa = 0x10_0000; gpa < 0x10_8000; gpa += 4096) {
        MemoryType type = KvmMtrrs.resolve(mtrrs, gpa).type();
        assertEquals(walk(ranges, gpa), type.encoding(), "round " + round);
      }
    }
  }
}
