package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// INVLPG forgets a page in all its fragments, also when the entry of the whole page has made way
/// for another. SDM Vol. 3 "Operations that Invalidate TLBs and Paging-Structure Caches".
class TlbTest {
  private static final long GVA = 0x4000_0000L;
  private static final long FRAGMENT = GVA + 0x40_0000;
  private static final int SHIFT_2M = 21;
  private static final int SHIFT_1G = 30;

  private final Tlb tlb = new Tlb(Tlb.ENTRIES);

  private void large(long gva, int pcid, int permissions, int shift) {
    tlb.putLarge(gva, pcid, gva, Tlb.flagsOf(permissions, shift));
  }

  private void fragment(int pcid, int permissions, int shift) {
    tlb.put(FRAGMENT, pcid, FRAGMENT, Tlb.flagsOf(permissions, shift));
  }

  @Test
  void largePageIsForgottenAfterASmallerOneTookItsPlace() {
    large(GVA, 0, Tlb.WRITABLE, SHIFT_1G);
    fragment(0, Tlb.WRITABLE, SHIFT_1G);
    large(GVA, 0, Tlb.WRITABLE, SHIFT_2M);
    assertTrue(tlb.flushPage(FRAGMENT + 0x1000, 0));
    assertEquals(Tlb.MISS, tlb.find(FRAGMENT, 0));
  }

  @Test
  void globalPageIsForgottenAfterOneThatIsNotTookItsPlace() {
    large(GVA, 0, Tlb.WRITABLE | Tlb.GLOBAL, SHIFT_1G);
    fragment(0, Tlb.WRITABLE | Tlb.GLOBAL, SHIFT_1G);
    large(GVA, 5, Tlb.WRITABLE, SHIFT_1G);
    assertTrue(tlb.flushPage(FRAGMENT + 0x1000, 7));
    assertEquals(Tlb.MISS, tlb.find(FRAGMENT, 7));
  }
}
