package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import org.junit.jupiter.api.Test;

/// Every combination of page rights, control bits, privilege and kind of access, against the rules
/// of SDM Vol. 3 "Determination of Access Rights" and "Page-Fault Exceptions" written down once
/// more, as text has them.
class PageFaultErrorCodeTest {
  private static final int P = 1;
  private static final int W = 2;
  private static final int U = 4;
  private static final int RSVD = 8;
  private static final int I = 16;

  private static final long GVA = 0x40_0000;
  private static final long PAGE = 0x10_0000;
  private static final long TABLES = 0x1000;

  private enum Paging {
    BITS_32,
    PAE,
    LEVELS_4
  }

  private enum Kind {
    READ,
    WRITE,
    FETCH,
    SYSTEM_READ,
    SYSTEM_WRITE
  }

  private record Case(
      Paging paging,
      Kind kind,
      int cpl,
      boolean present,
      boolean user,
      boolean writable,
      boolean noExecute,
      boolean wp,
      boolean smep,
      boolean smap,
      boolean ac,
      boolean nxe) {
    static Case of(Paging paging, Kind kind, int bits) {
      return new Case(
          paging,
          kind,
          bit(bits, 0) ? 3 : 0,
          bit(bits, 1),
          bit(bits, 2),
          bit(bits, 3),
          bit(bits, 4),
          bit(bits, 5),
          bit(bits, 6),
          bit(bits, 7),
          bit(bits, 8),
          bit(bits, 9));
    }

    private static boolean bit(int bits, int k) {
      return (bits >> k & 1) != 0;
    }

    boolean hasNoExecuteBit() {
      return paging != Paging.BITS_32 && noExecute;
    }

    boolean isWrite() {
      return kind == Kind.WRITE || kind == Kind.SYSTEM_WRITE;
    }

    boolean isImplicit() {
      return kind == Kind.SYSTEM_READ || kind == Kind.SYSTEM_WRITE;
    }

    boolean isUserAccess() {
      return cpl == 3 && !isImplicit();
    }
  }

  private static String expected(Case k) {
    int base = (k.isWrite() ? W : 0) | (k.isUserAccess() ? U : 0);
    boolean reportsFetch = k.smep || k.paging != Paging.BITS_32 && k.nxe;
    if (k.kind == Kind.FETCH && reportsFetch) {
      base |= I;
    }
    if (!k.present) {
      return fault(base);
    }
    if (k.hasNoExecuteBit() && !k.nxe) {
      return fault(base | RSVD | P);
    }
    return isAllowed(k) ? "none" : fault(base | P);
  }

  private static boolean isAllowed(Case k) {
    boolean executable = !k.hasNoExecuteBit();
    if (k.isUserAccess()) {
      return switch (k.kind) {
        case READ -> k.user;
        case WRITE -> k.user && k.writable;
        default -> k.user && executable;
      };
    }
    if (k.kind == Kind.FETCH) {
      return executable && !(k.smep && k.user);
    }
    boolean smapForbids = k.user && k.smap && (k.isImplicit() || !k.ac);
    boolean writeProtected = k.isWrite() && !k.writable && k.wp;
    return !smapForbids && !writeProtected;
  }

  private static String fault(int code) {
    return "14:" + code + "@" + Long.toHexString(GVA);
  }

  private static void prepare(VcpuFixture f, Case k) {
    f.c.cr0 = k.wp ? ControlBits.CR0_WP : 0;
    f.c.cr4 =
        (k.smep ? ControlBits.CR4_SMEP : 0)
            | (k.smap ? ControlBits.CR4_SMAP : 0)
            | (k.paging == Paging.BITS_32 ? 0 : ControlBits.CR4_PAE);
    f.c.efer = k.nxe ? ControlBits.EFER_NXE : 0;
    long rights = (k.user ? 4 : 0) | (k.writable ? 2 : 0) | (k.present ? 1 : 0);
    switch (k.paging) {
      case BITS_32 -> {
        f.ram.putInt(TABLES + 4 * (GVA >>> 22), (int) (TABLES + 0x1000 | 7));
        f.ram.putInt(TABLES + 0x1000, (int) (PAGE | rights));
      }
      case PAE -> {
        f.ram.putLong(TABLES, TABLES + 0x1000 | 1);
        putTables(f, TABLES + 0x1000, rights, k.noExecute);
        f.c.mmu.translations().loadPdptes(TABLES);
      }
      case LEVELS_4 -> {
        f.c.efer |= ControlBits.EFER_LME | ControlBits.EFER_LMA;
        f.ram.putLong(TABLES, TABLES + 0x4000 | 7);
        f.ram.putLong(TABLES + 0x4000, TABLES + 0x1000 | 7);
        putTables(f, TABLES + 0x1000, rights, k.noExecute);
      }
    }
    f.c.cr3 = TABLES;
    f.flat32(k.cpl);
    f.c.cr0 |= ControlBits.CR0_PG;
    f.rflags(k.ac ? Rflags.AC : 0);
    f.c.mmu.flushAll("test");
  }

  private static void putTables(VcpuFixture f, long directory, long rights, boolean noExecute) {
    f.ram.putLong(directory + 8 * (GVA >>> 21), directory + 0x1000 | 7);
    f.ram.putLong(directory + 0x1000, PAGE | rights | (noExecute ? 1L << 63 : 0));
  }

  private static void access(VcpuFixture f, Kind kind) {
    switch (kind) {
      case READ -> f.c.mmu.load32(3, GVA);
      case WRITE -> f.c.mmu.store32(3, GVA, 1);
      case FETCH -> f.c.mmu.fetchGpa(GVA);
      case SYSTEM_READ -> f.c.mmu.readSystem(GVA, 4);
      case SYSTEM_WRITE -> f.c.mmu.writeSystem(GVA, 4, 1);
    }
  }

  @Test
  void raisesPageFaultsAsTheManualSays() {
    var f = new VcpuFixture();
    for (Paging paging : Paging.values()) {
      for (Kind kind : Kind.values()) {
        for (int bits = 0; bits < 1 << 10; bits++) {
          Case k = Case.of(paging, kind, bits);
          prepare(f, k);
          assertEquals(expected(k), VcpuFixture.faultOf(() -> access(f, kind)), k.toString());
          // Once more: through the TLB and the fast view.
          assertEquals(expected(k), VcpuFixture.faultOf(() -> access(f, kind)), "2nd " + k);
        }
      }
    }
  }

  @Test
  void appliesTheRightsOfEveryLevel() {
    var f = new VcpuFixture();
    for (int bits = 0; bits < 1 << 10; bits++) {
      Case k = Case.of(Paging.LEVELS_4, Kind.WRITE, bits | 0b1110);
      prepare(f, k);
      long entry = f.ram.getLong(TABLES + 0x4000);
      f.ram.putLong(TABLES + 0x4000, entry & ~6L);
      boolean allowed = k.cpl == 0 && !k.wp && !(k.noExecute && !k.nxe);
      String rsvd = k.noExecute && !k.nxe ? fault(P | W | RSVD | (k.cpl == 3 ? U : 0)) : null;
      String denied = fault(P | W | (k.cpl == 3 ? U : 0));
      String wanted = rsvd != null ? rsvd : allowed ? "none" : denied;
      assertEquals(wanted, VcpuFixture.faultOf(() -> access(f, Kind.WRITE)), k.toString());
    }
  }
}
