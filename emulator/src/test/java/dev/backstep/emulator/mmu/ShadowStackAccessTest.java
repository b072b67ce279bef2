package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.vcpu.ControlBits;
import org.junit.jupiter.api.Test;

/// Which accesses reach shadow-stack pages, and shadow-stack accesses other pages: SDM Vol. 3
/// "Shadow Stacks", "Page-Fault Exceptions".
class ShadowStackAccessTest {
  private static final int DS = 3;
  private static final long GVA = 0x5000;
  private static final long PML4 = 0x1000;
  private static final int P = 1;
  private static final int W = 2;
  private static final int U = 4;
  private static final int SS = 64;

  private final VcpuFixture f = new VcpuFixture();
  private final Mmu mmu = f.c.mmu;

  private void prepare(int bits) {
    f.ram.putLong(PML4, 0x2007);
    f.ram.putLong(0x2000, 0x3007);
    f.ram.putLong(0x3000, 0x4000 | 5 | (bit(bits, 1) ? 2 : 0));
    long leaf = (bit(bits, 2) ? 2 : 0) | (bit(bits, 3) ? 4 : 0) | (bit(bits, 4) ? 0x40 : 0);
    f.ram.putLong(0x4000 + 8 * (GVA >> 12), 0x10_0000 | 1 | leaf);
    f.c.cr0 = ControlBits.CR0_WP;
    f.c.cr4 = ControlBits.CR4_CET;
    f.long64(bit(bits, 0) ? 3 : 0, PML4);
    mmu.flushAll("test");
  }

  private static boolean bit(int bits, int k) {
    return (bits >> k & 1) != 0;
  }

  /// Access 0 and 1: a shadow-stack read and write. 2 and 3: plain ones.
  private static String expected(int access, int bits) {
    boolean userMode = bit(bits, 0);
    boolean tablesWritable = bit(bits, 1);
    boolean leafWritable = bit(bits, 2);
    boolean userPage = bit(bits, 3);
    boolean dirty = bit(bits, 4);
    boolean shadowStack = tablesWritable && !leafWritable && dirty;
    boolean write = access % 2 == 1;
    boolean fine =
        access < 2
            ? shadowStack && userMode == userPage
            : !(userMode && !userPage) && !(write && !(tablesWritable && leafWritable));
    int code = P | (write ? W : 0) | (userMode ? U : 0) | (access < 2 ? SS : 0);
    return fine ? "none" : "14:" + code + "@" + Long.toHexString(GVA);
  }

  private void access(int access, int cpl) {
    switch (access) {
      case 0 -> mmu.shadowStacks().read(GVA, 8, cpl);
      case 1 -> mmu.shadowStacks().write(GVA, 8, 1, cpl);
      case 2 -> mmu.load64(DS, GVA);
      default -> mmu.store64(DS, GVA, 1);
    }
  }

  @Test
  void onlyShadowStackAccessesOfTheRightPrivilegeReachShadowStacks() {
    for (int access = 0; access < 4; access++) {
      for (int bits = 0; bits < 1 << 5; bits++) {
        prepare(bits);
        int kind = access;
        int cpl = bit(bits, 0) ? 3 : 0;
        String what = "access %d, case %x".formatted(access, bits);
        assertEquals(expected(access, bits), VcpuFixture.faultOf(() -> access(kind, cpl)), what);
        assertEquals(
            expected(access, bits), VcpuFixture.faultOf(() -> access(kind, cpl)), "2nd " + what);
      }
    }
  }

  @Test
  void readsWhatItWrote() {
    prepare(0b11011);
    mmu.shadowStacks().write(GVA + 8, 8, 0x1234_5678_9ABCL, 3);
    assertEquals(0x1234_5678_9ABCL, mmu.shadowStacks().read(GVA + 8, 8, 3));
    assertEquals(0x5678_9ABCL, mmu.shadowStacks().read(GVA + 8, 4, 3));
    assertEquals(
        "13:0", VcpuFixture.faultOf(() -> mmu.shadowStacks().read(0x8000_0000_0000L, 8, 3)));
    assertEquals(
        "14:70@6000",
        VcpuFixture.faultOf(() -> mmu.shadowStacks().probe(0x6000, 8, 3, AccessType.WRITE)));
  }

  @Test
  void supervisorReachesUserShadowStacksAsUserModeDoes() {
    prepare(0b11010);
    mmu.shadowStacks().write(GVA, 8, 7, 3); // WRUSS
    assertEquals("14:67@5000", VcpuFixture.faultOf(() -> mmu.shadowStacks().write(GVA, 8, 7, 0)));
  }
}
