package dev.backstep.emulator.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Rflags;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Random page tables, modes and accesses: memory behaves as [NaiveMemory] does, faults, accessed
/// and dirty flags and contents included.
class MmuPropertyTest {
  private static final long SEED = 0x5EED_2026L;
  private static final int ROUNDS = 300;
  private static final int ACCESSES = 300;
  private static final long TABLES = 0x1_0000;
  private static final int TABLES_PER_LEVEL = 2;
  private static final int LEVELS = 5;
  private static final int SPACES = 2;
  private static final long FRAMES = 0x10_0000;
  private static final int FRAME_PAGES = 16;
  private static final int DS = 3;

  private final SplittableRandom random = new SplittableRandom(SEED);
  private final VcpuFixture f =
      new VcpuFixture("max,+pcid,+pku,+pks,+la57,+lam,phys-bits=46", "bare-metal-intel", Map.of());
  private final NaiveMemory naive = new NaiveMemory();
  private int cpl;
  private boolean protectionKeys;

  /// CR3 of each address space, with its PCID if there is more than one.
  private final long[] spaces = new long[SPACES];

  private boolean pcids;
  private final long[] recent = new long[8];

  @Test
  void agreesWithANaiveWalk() {
    for (int round = 0; round < ROUNDS; round++) {
      String where = "seed 0x%x round %d".formatted(SEED, round);
      setUp();
      for (int k = 0; k < ACCESSES; k++) {
        if (random.nextInt(12) == 0) {
          changePrivilege();
        }
        if (random.nextInt(60) == 0) {
          changeOneEntry();
        }
        if (pcids && random.nextInt(10) == 0) {
          switchSpace();
        }
        checkOneAccess(where + " access " + k);
      }
      byte[] memory = ramBytes();
      assertTrue(naive.sameBytes(memory), where + ": memory differs");
    }
  }

  private byte[] ramBytes() {
    return f.ram.segment().asSlice(0, VcpuFixture.RAM_BYTES).toArray(ValueLayout.JAVA_BYTE);
  }

  private void setUp() {
    int mode = random.nextInt(6);
    naive.paging = mode != 0 || random.nextInt(4) != 0;
    naive.pae = mode >= 2;
    naive.longMode = mode >= 3;
    naive.fiveLevels = naive.longMode && random.nextBoolean();
    naive.pse = random.nextBoolean();
    naive.writeProtect = random.nextBoolean();
    naive.smep = random.nextBoolean();
    naive.smap = random.nextBoolean();
    naive.nxe = random.nextInt(3) != 0;
    pcids = naive.longMode && random.nextBoolean();
    protectionKeys = naive.longMode && random.nextBoolean();
    int top = naive.fiveLevels ? 4 : naive.longMode ? 3 : 1;
    for (int k = 0; k < SPACES; k++) {
      spaces[k] = tablePage(top) | (pcids ? k + 1 : 0);
    }
    fillTables();
    for (int k = 0; k < 4; k++) {
      boolean present = random.nextInt(4) != 0;
      naive.pdptes[k] = present ? tablePage(1) | 1 : 0;
      f.ram.putLong(0x5000 + 8 * k, naive.pdptes[k]);
    }
    setUpControls();
    assertTrue(f.c.mmu.translations().loadPdptes(0x5000));
    changePrivilege();
    f.c.mmu.flushAll("test");
    for (int k = 0; k < recent.length; k++) {
      recent[k] = address();
    }
    f.events.clear();
    naive.memory = ramBytes();
  }

  private void setUpControls() {
    f.c.cr0 = (naive.writeProtect ? ControlBits.CR0_WP : 0) | ControlBits.CR0_PE;
    // Global pages of one address space would be seen in the other.
    boolean global = !pcids && random.nextBoolean();
    f.c.cr4 =
        (naive.pae ? ControlBits.CR4_PAE : 0)
            | (naive.pse ? ControlBits.CR4_PSE : 0)
            | (naive.smep ? ControlBits.CR4_SMEP : 0)
            | (naive.smap ? ControlBits.CR4_SMAP : 0)
            | (naive.fiveLevels ? ControlBits.CR4_LA57 : 0)
            | (protectionKeys ? ControlBits.CR4_PKE | ControlBits.CR4_PKS : 0)
            | (pcids ? ControlBits.CR4_PCIDE : 0)
            | (global ? ControlBits.CR4_PGE : 0);
    f.c.efer = naive.nxe ? ControlBits.EFER_NXE : 0;
    long masking = setUpMasking();
    naive.cr3 = spaces[0] & -4096L;
    if (naive.longMode) {
      f.long64(0, spaces[0] | masking);
    } else {
      f.flat32(0);
      f.c.cr3 = spaces[0];
    }
    spaces[0] |= masking;
    spaces[1] |= masking;
    f.c.cr0 |= naive.paging ? ControlBits.CR0_PG : 0;
  }

  /// The bits of CR3.
  private long setUpMasking() {
    boolean supervisor = naive.longMode && random.nextBoolean();
    f.c.cr4 |= supervisor ? ControlBits.CR4_LAM_SUP : 0;
    naive.supervisorWidth = !supervisor ? 64 : naive.fiveLevels ? 57 : 48;
    int user = naive.longMode ? random.nextInt(4) : 0;
    naive.userWidth = user == 0 ? 64 : user == 1 ? 48 : 57;
    return (long) user << 62 | (long) (user >>> 1) << 61;
  }

  private void switchSpace() {
    long cr3 = spaces[random.nextInt(SPACES)];
    naive.cr3 = cr3 & 0x3FFF_FFFF_F000L;
    f.c.cr3 = cr3;
    f.c.mmu.translations().addressSpaceChanged();
  }

  private void fillTables() {
    for (int page = 0; page < LEVELS * TABLES_PER_LEVEL; page++) {
      long table = TABLES + 4096L * page;
      int level = page / TABLES_PER_LEVEL;
      for (int k = 0; k < 16; k++) {
        putEntry(table, k, level);
        putEntry(table, random.nextInt(512), level);
      }
      // The last entries, for the top of the address space.
      putEntry(table, 511, level);
      putEntry(table, 1023, level);
    }
    for (int k = 0; k < FRAME_PAGES * 512; k++) {
      f.ram.putLong(FRAMES + 8L * k, random.nextLong());
    }
  }

  private void putEntry(long table, int index, int level) {
    if (!naive.pae) {
      f.ram.putInt(table + 4L * index, (int) entry(level));
    } else if (index < 512) {
      f.ram.putLong(table + 8L * index, entry(level));
    }
  }

  private long tablePage(int level) {
    return TABLES + 4096L * (level * TABLES_PER_LEVEL + random.nextInt(TABLES_PER_LEVEL));
  }

  /// An entry of a table of `level`, 0 = page tables. Tables never are data: that would need
  /// flushes.
  private long entry(int level) {
    long flags = 0b111;
    flags ^= random.nextInt(8) == 0 ? 1 : 0;
    flags ^= random.nextInt(4) == 0 ? 2 : 0;
    flags ^= random.nextInt(4) == 0 ? 4 : 0;
    flags |= random.nextInt(4) == 0 ? 1 << 8 : 0;
    flags |= random.nextInt(8) == 0 ? 0x60 : 0;
    if (naive.pae) {
      flags |= random.nextInt(6) == 0 ? 1L << 63 : 0;
      flags |= random.nextInt(16) == 0 ? 1L << 46 + random.nextInt(16) : 0;
    }
    if (naive.longMode) {
      flags |= (long) random.nextInt(16) << 59;
    }
    // Without PSE, what looks like a large page is a table.
    boolean mayBeLarge = level == 0 || naive.pae || naive.pse;
    return switch (random.nextInt(8) + (mayBeLarge ? 0 : 1)) {
      case 0 -> 0x20_0000L * (1 + random.nextInt(3)) | 0x80 | flags;
      case 1 -> 0x4000_0000L | (random.nextBoolean() ? 0x80 : 0) | flags;
      default ->
          level == 0
              ? FRAMES + 4096L * random.nextInt(FRAME_PAGES) | flags
              : tablePage(level - 1) | flags;
    };
  }

  /// Changes an entry of some table as an operating system would: memory first, then INVLPG for
  /// every page that may have been reached through it.
  private void changeOneEntry() {
    int level = random.nextInt(LEVELS);
    long table = tablePage(level);
    putEntry(table, random.nextInt(16), level);
    byte[] page = f.ram.segment().asSlice(table, 4096).toArray(ValueLayout.JAVA_BYTE);
    System.arraycopy(page, 0, naive.memory, (int) table, 4096);
    if (!naive.longMode) {
      for (long directory = 0; directory <= 16; directory++) {
        flushPages(directory == 16 ? 0xFFC0_0000L : directory << 22);
      }
      return;
    }
    for (int k = 0; k < 3 * 3 * 4; k++) {
      flushPages(index(k / 12, k / 4 % 3) | (long) (k % 4) << 21);
    }
    flushPages(-0x1_1000L);
  }

  private void flushPages(long first) {
    for (long page = 0; page <= 17; page++) {
      f.c.mmu.translations().flushPage(first + page * 4096, "invlpg");
      f.c.mmu.translations().flushPage(first + page * 4096, 1, "invpcid-address");
      f.c.mmu.translations().flushPage(first + page * 4096, 2, "invpcid-address");
    }
  }

  /// The part of an address that the upper levels translate.
  private long index(int high, int low) {
    int shift = naive.fiveLevels ? 48 : 39;
    return (long) high << shift
        | (naive.fiveLevels ? (long) (high & low) << 39 : 0)
        | (long) low << 30;
  }

  private void changePrivilege() {
    cpl = random.nextBoolean() ? 3 : 0;
    naive.ac = random.nextBoolean();
    f.c.setRflags(naive.ac ? Rflags.AC : 0);
    naive.userKeys = protectionKeys ? fewBits() : 0;
    naive.supervisorKeys = protectionKeys ? fewBits() : 0;
    f.c.mmu.translations().setPkru(protectionKeys ? naive.userKeys : random.nextInt());
    f.c.mmu.translations().setPkrs(protectionKeys ? naive.supervisorKeys : random.nextInt());
    f.at(cpl);
  }

  private int fewBits() {
    int bits = random.nextInt();
    return bits & random.nextInt();
  }

  private long address() {
    long offset =
        switch (random.nextInt(3)) {
          case 0 -> random.nextInt(4096);
          case 1 -> random.nextInt(64) * 8L;
          default -> 4096 - random.nextInt(9);
        };
    if (!naive.paging) {
      return FRAMES + 4096L * random.nextInt(FRAME_PAGES - 1) + offset & 0xFFFF_FFFFL;
    }
    if (naive.longMode) {
      long low =
          index(random.nextInt(3), random.nextInt(3))
              | (long) random.nextInt(4) << 21
              | (long) random.nextInt(16) << 12;
      return random.nextInt(4) == 0 ? -0x1_0000L + (low & 0xF000) + offset - 16 : low + offset;
    }
    long directory = random.nextInt(8) == 0 ? 0xFFC0_0000L : (long) random.nextInt(16) << 22;
    long gva = directory | (long) random.nextInt(16) << 12;
    return gva + offset & 0xFFFF_FFFFL;
  }

  /// An address, most often in a page that was accessed before: in views, in the TLB.
  private long recentAddress() {
    int slot = random.nextInt(recent.length);
    if (random.nextInt(6) == 0) {
      recent[slot] = address();
    }
    return random.nextInt(8) == 0 ? recent[slot] : recent[slot] & -4096L | random.nextInt(4089);
  }

  /// An address with metadata now and then, whether or not it is masked.
  private long pointer() {
    long gva = recentAddress();
    if (!naive.longMode || random.nextInt(4) != 0) {
      return gva;
    }
    int width = random.nextBoolean() ? 48 : 57;
    // A few values, so that some come again.
    return gva ^ (long) random.nextInt(8) << width - 1;
  }

  private void checkOneAccess(String where) {
    int kind = random.nextInt(7);
    long gva = kind <= 2 ? pointer() : recentAddress();
    int bytes = 1 << random.nextInt(4);
    long wrap = naive.longMode ? -1 : 0xFFFF_FFFFL;
    if (naive.longMode && gva < 0 && gva + bytes > 0) {
      return; // would run past the top
    }
    long value = random.nextLong();
    String wanted = naively(kind, gva, bytes, value, wrap);
    String got = VcpuFixture.faultOf(() -> f.c.gpr[0] = really(kind, gva, bytes, value));
    if (got.equals("none")) {
      got = Long.toHexString(f.c.gpr[0] & (bytes == 8 ? -1 : (1L << 8 * bytes) - 1));
    }
    String what = "%s: kind %d cpl %d %d bytes at %x".formatted(where, kind, cpl, bytes, gva);
    assertEquals(wanted, got, what);
  }

  private String naively(int kind, long pointer, int bytes, long value, long wrap) {
    boolean user = cpl == 3;
    long gva = naive.longMode && kind <= 2 ? naive.unmasked(pointer) : pointer;
    if (naive.longMode && !(naive.isCanonical(gva) && naive.isCanonical(gva + bytes - 1))) {
      return "13:0";
    }
    try {
      long result =
          switch (kind) {
            case 0 -> naive.load(gva, bytes, NaiveMemory.Kind.READ, user, false, wrap);
            case 1 -> naive.load(gva, bytes, NaiveMemory.Kind.WRITE, user, false, wrap);
            case 2 -> {
              naive.store(gva, bytes, value, user, false, wrap);
              yield 0;
            }
            case 3 -> naive.translate(gva, NaiveMemory.Kind.FETCH, user, false);
            case 4 -> naive.load(gva, bytes, NaiveMemory.Kind.READ, false, true, wrap);
            case 5 -> {
              naive.store(gva, bytes, value, false, true, wrap);
              yield 0;
            }
            default -> naive.load(gva, bytes, NaiveMemory.Kind.READ, false, false, wrap);
          };
      return Long.toHexString(result & (bytes == 8 ? -1 : (1L << 8 * bytes) - 1));
    } catch (NaiveMemory.Fault fault) {
      return String.valueOf(fault.getMessage());
    }
  }

  private long really(int kind, long gva, int bytes, long value) {
    Mmu mmu = f.c.mmu;
    return switch (kind) {
      case 0 -> load(mmu, gva, bytes);
      case 1 -> loadForWrite(mmu, gva, bytes);
      case 2 -> store(mmu, gva, bytes, value);
      case 3 -> mmu.fetchGpa(gva);
      case 4 -> mmu.readSystem(gva, bytes);
      case 5 -> {
        mmu.writeSystem(gva, bytes, value);
        yield 0;
      }
      default -> mmu.readLinear(gva, bytes, 0);
    };
  }

  private static long load(Mmu mmu, long ea, int bytes) {
    return switch (bytes) {
      case 1 -> mmu.load8(DS, ea);
      case 2 -> mmu.load16(DS, ea);
      case 4 -> mmu.load32(DS, ea);
      default -> mmu.load64(DS, ea);
    };
  }

  private static long loadForWrite(Mmu mmu, long ea, int bytes) {
    return switch (bytes) {
      case 1 -> mmu.loadForWrite8(DS, ea);
      case 2 -> mmu.loadForWrite16(DS, ea);
      case 4 -> mmu.loadForWrite32(DS, ea);
      default -> mmu.loadForWrite64(DS, ea);
    };
  }

  private static long store(Mmu mmu, long ea, int bytes, long value) {
    switch (bytes) {
      case 1 -> mmu.store8(DS, ea, (int) value);
      case 2 -> mmu.store16(DS, ea, (int) value);
      case 4 -> mmu.store32(DS, ea, (int) value);
      default -> mmu.store64(DS, ea, value);
    }
    return 0;
  }
}
