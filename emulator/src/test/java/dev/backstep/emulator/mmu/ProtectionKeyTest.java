package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.vcpu.ControlBits;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Protection keys of user and supervisor pages: every combination of rights, control bits,
/// privilege and access, as SDM Vol. 3 "Protection Keys" and "Page-Fault Exceptions" have them.
class ProtectionKeyTest {
  private static final int DS = 3;
  private static final int KEY = 9;
  private static final long GVA = 0x5000;
  private static final long PML4 = 0x1000;
  private static final long PT = 0x4000;
  private static final int P = 1;
  private static final int W = 2;
  private static final int U = 4;
  private static final int PK = 32;

  private final VcpuFixture f =
      new VcpuFixture("max,+pku,+pks,phys-bits=46", "bare-metal-intel", Map.of());
  private final Mmu mmu = f.c.mmu;

  private enum Kind {
    READ,
    WRITE,
    FETCH
  }

  private record Case(
      Kind kind,
      boolean userMode,
      boolean userPage,
      boolean writable,
      boolean wp,
      boolean pke,
      boolean pks,
      boolean accessDisable,
      boolean writeDisable) {
    static Case of(Kind kind, int bits) {
      return new Case(
          kind,
          bit(bits, 0),
          bit(bits, 1),
          bit(bits, 2),
          bit(bits, 3),
          bit(bits, 4),
          bit(bits, 5),
          bit(bits, 6),
          bit(bits, 7));
    }

    private static boolean bit(int bits, int k) {
      return (bits >> k & 1) != 0;
    }
  }

  private static String expected(Case k) {
    boolean heedsWrites = k.userMode || k.wp;
    boolean byRights =
        k.userMode && !k.userPage || k.kind == Kind.WRITE && !k.writable && heedsWrites;
    boolean keys = k.kind != Kind.FETCH && (k.userPage ? k.pke : k.pks);
    boolean byKey =
        keys && (k.accessDisable || k.kind == Kind.WRITE && k.writeDisable && heedsWrites);
    if (!byRights && !byKey) {
      return "none";
    }
    int code = P | (k.kind == Kind.WRITE ? W : 0) | (k.userMode ? U : 0) | (byKey ? PK : 0);
    return "14:" + code + "@" + Long.toHexString(GVA);
  }

  private void prepare(Case k) {
    tables((k.userPage ? 4 : 0) | (k.writable ? 2 : 0) | 1);
    f.c.cr0 = k.wp ? ControlBits.CR0_WP : 0;
    f.c.cr4 = (k.pke ? ControlBits.CR4_PKE : 0) | (k.pks ? ControlBits.CR4_PKS : 0);
    int rights = ((k.accessDisable ? 1 : 0) | (k.writeDisable ? 2 : 0)) << 2 * KEY;
    f.long64(k.userMode ? 3 : 0, PML4);
    mmu.translations().setPkru(k.userPage ? rights : -1);
    mmu.translations().setPkrs(k.userPage ? -1 : rights);
    mmu.flushAll("test");
  }

  private void tables(long rights) {
    f.ram.putLong(PML4, 0x2007);
    f.ram.putLong(0x2000, 0x3007);
    f.ram.putLong(0x3000, PT | 7);
    f.ram.putLong(PT + 8 * (GVA >> 12), 0x10_0000 | (long) KEY << 59 | rights);
  }

  private String access(Kind kind) {
    return VcpuFixture.faultOf(
        () -> {
          switch (kind) {
            case READ -> mmu.load32(DS, GVA);
            case WRITE -> mmu.store32(DS, GVA, 1);
            case FETCH -> mmu.fetchGpa(GVA);
          }
        });
  }

  @Test
  void allowsAndFaultsAsTheManualSays() {
    for (Kind kind : Kind.values()) {
      for (int bits = 0; bits < 1 << 8; bits++) {
        Case k = Case.of(kind, bits);
        prepare(k);
        assertEquals(expected(k), access(kind), k.toString());
        assertEquals(expected(k), access(kind), "2nd " + k);
      }
    }
  }

  @Test
  void heedsNewRightsAtOnce() {
    tables(7);
    f.c.cr4 = ControlBits.CR4_PKE;
    f.long64(3, PML4);
    mmu.store32(DS, GVA, 1);
    mmu.translations().setPkru(2 << 2 * KEY);
    assertEquals("none", access(Kind.READ));
    assertEquals("14:39@5000", access(Kind.WRITE));
    mmu.translations().setPkru(1 << 2 * KEY);
    assertEquals("14:37@5000", access(Kind.READ));
    mmu.translations().setPkru(-1 ^ 3 << 2 * KEY);
    assertEquals("none", access(Kind.WRITE));
  }

  @Test
  void keepsKeysOfUserAndSupervisorPagesApart() {
    tables(3);
    f.c.cr4 = ControlBits.CR4_PKE | ControlBits.CR4_PKS;
    f.c.cr0 = ControlBits.CR0_WP;
    f.long64(0, PML4);
    mmu.store32(DS, GVA, 1);
    mmu.translations().setPkru(-1);
    assertEquals("none", access(Kind.WRITE));
    mmu.translations().setPkrs(2 << 2 * KEY);
    assertEquals("14:35@5000", access(Kind.WRITE));
  }

  @Test
  void doesNotApplyOutsideLongMode() {
    f.ram.putInt(0x1000, 0x2007);
    f.ram.putInt(0x2000 + 4 * (int) (GVA >> 12), 0x10_0007);
    f.c.cr4 = ControlBits.CR4_PKE;
    f.flat32(3);
    f.c.cr3 = 0x1000;
    f.c.cr0 |= ControlBits.CR0_PG;
    f.at(3);
    mmu.translations().setPkru(-1);
    assertEquals("none", access(Kind.WRITE));
  }
}
