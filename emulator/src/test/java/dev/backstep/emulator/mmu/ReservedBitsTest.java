package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.vcpu.ControlBits;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Reserved bits of every level of paging structures, one at a time. SDM Vol. 3 "Paging", the
/// figures of the formats of entries; APM Vol. 2 "Long-Mode Page Translation".
class ReservedBitsTest {
  private static final long GVA = 0;
  private static final int PAGE_SIZE = 7;
  private static final int GLOBAL = 8;
  private static final int NO_EXECUTE = 63;

  /// Table k is at 0x1000 * (6 - k): level 1 holds PTEs, level 5 PML5Es.
  private static long table(int level) {
    return 0x1000L * (6 - level);
  }

  private static VcpuFixture fixture(String cpu, String platform) {
    return new VcpuFixture(cpu, platform, Map.of());
  }

  /// Entries from `top` down to `leaf`, which maps a page at 0.
  private static void tables(VcpuFixture f, int top, int leaf) {
    for (int level = top; level > leaf; level--) {
      f.ram.putLong(table(level), table(level - 1) | 7);
    }
    f.ram.putLong(table(leaf), leaf > 1 ? 0x87 : 7);
  }

  private static void enter(VcpuFixture f, int top, long efer) {
    f.c.efer = efer;
    f.c.cr4 = top == 5 ? ControlBits.CR4_LA57 : 0;
    f.long64(0, table(top));
  }

  private static boolean isReserved(VcpuFixture f, int level, int bit) {
    f.ram.putLong(table(level), f.ram.getLong(table(level)) ^ 1L << bit);
    f.c.mmu.flushAll("test");
    String fault = VcpuFixture.faultOf(() -> f.c.mmu.load8(3, GVA));
    f.ram.putLong(table(level), f.ram.getLong(table(level)) ^ 1L << bit);
    return fault.equals("14:9@0");
  }

  private static void checkHighBits(VcpuFixture f, int top, int leaf, int physicalBits, long efer) {
    enter(f, top, efer);
    tables(f, top, leaf);
    for (int level = top; level >= leaf; level--) {
      for (int bit = physicalBits; bit < 64; bit++) {
        boolean reserved = bit == NO_EXECUTE ? (efer & ControlBits.EFER_NXE) == 0 : bit < 52;
        String what = "level %d of %d, leaf %d, bit %d".formatted(level, top, leaf, bit);
        assertEquals(reserved, isReserved(f, level, bit), what);
      }
    }
  }

  @Test
  void addressBitsBeyondThePhysicalWidthAreReserved() {
    for (int physicalBits : new int[] {36, 40, 46, 52}) {
      VcpuFixture f = fixture("max,+la57,phys-bits=" + physicalBits, "bare-metal-intel");
      for (int top = 4; top <= 5; top++) {
        for (int leaf = 1; leaf <= 3; leaf++) {
          checkHighBits(f, top, leaf, physicalBits, 0);
          checkHighBits(f, top, leaf, physicalBits, ControlBits.EFER_NXE);
        }
      }
    }
  }

  @Test
  void lowAddressBitsOfLargePagesAreReserved() {
    VcpuFixture f = fixture("max,phys-bits=46", "bare-metal-intel");
    enter(f, 4, 0);
    for (int leaf = 2; leaf <= 3; leaf++) {
      tables(f, 4, leaf);
      for (int bit = 12; bit < 12 + 9 * (leaf - 1); bit++) {
        assertEquals(bit > 12, isReserved(f, leaf, bit), "leaf %d bit %d".formatted(leaf, bit));
      }
    }
  }

  @Test
  void pageSizeIsReservedWhereThereAreNoLargePages() {
    VcpuFixture f = fixture("max,+la57,phys-bits=46", "bare-metal-intel");
    enter(f, 5, 0);
    tables(f, 5, 1);
    assertEquals(true, isReserved(f, 5, PAGE_SIZE));
    assertEquals(true, isReserved(f, 4, PAGE_SIZE));
    assertEquals(false, isReserved(f, 1, PAGE_SIZE), "PAT");
    VcpuFixture small = fixture("max,-pdpe1gb,phys-bits=46", "bare-metal-intel");
    enter(small, 4, 0);
    tables(small, 4, 2);
    assertEquals("none", VcpuFixture.faultOf(() -> small.c.mmu.load8(3, GVA)));
    small.ram.putLong(table(3), 0x87);
    small.c.mmu.flushAll("test");
    assertEquals("14:9@0", VcpuFixture.faultOf(() -> small.c.mmu.load8(3, GVA)));
  }

  @Test
  void globalIsReservedInHighTablesOfAmd() {
    for (String vendor : new String[] {"GenuineIntel", "AuthenticAMD"}) {
      boolean amd = vendor.equals("AuthenticAMD");
      VcpuFixture f = fixture("max,+la57,phys-bits=46,vendor=" + vendor, "bare-metal-intel");
      enter(f, 5, 0);
      tables(f, 5, 1);
      assertEquals(amd, isReserved(f, 5, GLOBAL));
      assertEquals(amd, isReserved(f, 4, GLOBAL));
      assertEquals(false, isReserved(f, 3, GLOBAL));
      assertEquals(false, isReserved(f, 2, GLOBAL));
    }
  }

  @Test
  void paeEntriesReserveAllHighBits() {
    VcpuFixture f = fixture("max,phys-bits=46", "bare-metal-intel");
    for (long efer : new long[] {0, ControlBits.EFER_NXE}) {
      f.ram.putLong(0x7000, table(2) | 1);
      f.ram.putLong(table(2), table(1) | 7);
      f.ram.putLong(table(1), 7);
      f.c.efer = efer;
      f.c.cr4 = ControlBits.CR4_PAE;
      f.flat32(0);
      f.c.cr0 |= ControlBits.CR0_PG;
      f.at(0);
      f.c.mmu.translations().loadPdptes(0x7000);
      for (int level = 1; level <= 2; level++) {
        for (int bit = 46; bit < 64; bit++) {
          boolean reserved = bit != NO_EXECUTE || efer == 0;
          assertEquals(reserved, isReserved(f, level, bit), level + "." + bit);
        }
      }
    }
  }

  @Test
  void largePagesOf32BitPagingReserveWhatPse36DoesNotUse() {
    for (boolean pse36 : new boolean[] {true, false}) {
      String flag = pse36 ? "+pse36" : "-pse36";
      VcpuFixture f = fixture("max,phys-bits=39," + flag, "bare-metal-intel");
      f.c.cr3 = 0x1000;
      f.c.cr4 = ControlBits.CR4_PSE;
      f.flat32(0);
      f.c.cr0 |= ControlBits.CR0_PG;
      f.at(0);
      for (int bit = 13; bit <= 21; bit++) {
        f.ram.putInt(0x1000, 0x87 | 1 << bit);
        f.c.mmu.flushAll("test");
        boolean reserved = !pse36 || bit >= 20; // bits 13 to 19 are address bits 32 to 38
        String fault = VcpuFixture.faultOf(() -> f.c.mmu.load8(3, GVA));
        assertEquals(reserved ? "14:9@0" : "none", fault, "bit " + bit);
      }
    }
  }
}
