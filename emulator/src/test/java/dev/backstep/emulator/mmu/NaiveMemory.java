package dev.backstep.emulator.mmu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Translation and access as naively as the manual reads: no TLB, every byte by itself. The other
/// side of the property test.
final class NaiveMemory {
  /// What an access does.
  enum Kind {
    READ,
    WRITE,
    FETCH
  }

  /// A page fault.
  static final class Fault extends Exception {
    private static final long serialVersionUID = 1L;

    Fault(long gva, int code) {
      super("14:" + code + "@" + Long.toHexString(gva));
    }
  }

  byte[] memory = new byte[0];
  boolean paging;
  boolean pae;
  boolean longMode;
  boolean pse;
  boolean writeProtect;
  boolean smep;
  boolean smap;
  boolean nxe;
  boolean ac;
  boolean fiveLevels;

  /// The rights of protection keys of user and of supervisor pages; 0 where there are none.
  int userKeys;

  int supervisorKeys;

  /// How many bits of user and supervisor addresses count; 64 without masking.
  int userWidth = 64;

  int supervisorWidth = 64;
  long cr3;
  final long[] pdptes = new long[4];

  private record Level(int shift, int indexBits, boolean mayBeLarge) {}

  private List<Level> levels() {
    if (longMode) {
      var levels = new ArrayList<Level>();
      if (fiveLevels) {
        levels.add(new Level(48, 9, false));
      }
      levels.add(new Level(39, 9, false));
      levels.add(new Level(30, 9, true));
      levels.add(new Level(21, 9, true));
      levels.add(new Level(12, 9, false));
      return levels;
    }
    return pae
        ? List.of(new Level(21, 9, true), new Level(12, 9, false))
        : List.of(new Level(22, 10, pse), new Level(12, 10, false));
  }

  /// The guest-physical address of `gva`, with accessed and dirty flags set.
  long translate(long gva, Kind kind, boolean userMode, boolean implicit) throws Fault {
    if (!paging) {
      return gva;
    }
    int code = kind == Kind.WRITE ? 2 : 0;
    code += userMode ? 4 : 0;
    code += kind == Kind.FETCH && (smep || pae && nxe) ? 16 : 0;
    int entryBytes = pae ? 8 : 4;
    long table = cr3 & (pae ? ~0xFFFL : 0xFFFFF000L);
    if (pae && !longMode) {
      long pdpte = pdptes[(int) (gva >>> 30)];
      if (pdpte % 2 == 0) {
        throw new Fault(gva, code);
      }
      table = pdpte & 0x3FFF_FFFF_F000L;
    }
    boolean user = true;
    boolean writable = true;
    boolean executable = true;
    List<long[]> used = new ArrayList<>();
    for (Level level : levels()) {
      long index = gva >>> level.shift & (1L << level.indexBits) - 1;
      long at = table + index * entryBytes;
      long entry = read(at, entryBytes);
      if (entry % 2 == 0) {
        throw new Fault(gva, code);
      }
      used.add(new long[] {at, entry});
      boolean pageSize = (entry >>> 7 & 1) == 1;
      if (isReserved(entry, level, pageSize)) {
        throw new Fault(gva, code + 9);
      }
      user &= (entry >>> 2 & 1) == 1;
      writable &= (entry >>> 1 & 1) == 1;
      executable &= !pae || entry >= 0;
      if (level.shift == 12 || level.mayBeLarge && pageSize) {
        code += forbidsByKey(entry, kind, userMode, user) ? 32 : 0;
        check(gva, kind, userMode, implicit, user, writable, executable, code + 1);
        mark(used, kind, entryBytes);
        return base(entry, level) + (gva & (1L << level.shift) - 1);
      }
      table = entry & (pae ? 0x3FFF_FFFF_F000L : 0xFFFFF000L);
    }
    throw new AssertionError();
  }

  private long base(long entry, Level level) {
    if (!pae && level.shift == 22) {
      return (entry >>> 13 & 0xFF) << 32 | entry & 0xFFC0_0000L;
    }
    return entry & 0x3FFF_FFFF_F000L & -(1L << level.shift);
  }

  private boolean isReserved(long entry, Level level, boolean pageSize) {
    if (!pae) {
      return level.shift == 22 && pse && pageSize && (entry >>> 21 & 1) == 1;
    }
    boolean tooWide = (entry >>> 46 & 0x3F) != 0;
    boolean noExecute = entry < 0 && !nxe;
    boolean paeHigh = !longMode && (entry >>> 52 & 0x7FF) != 0;
    boolean large = level.shift > 12 && pageSize;
    boolean largeWhereNone = large && !level.mayBeLarge;
    long lowBits = level.shift == 30 ? 0x3FFF_E000L : 0x1F_E000L;
    boolean largeLow = large && level.mayBeLarge && (entry & lowBits) != 0;
    return tooWide || noExecute || paeHigh || largeWhereNone || largeLow;
  }

  private boolean forbidsByKey(long entry, Kind kind, boolean userMode, boolean user) {
    if (!longMode || kind == Kind.FETCH) {
      return false;
    }
    int key = (int) (entry >>> 59) & 15;
    int rights = (user ? userKeys : supervisorKeys) >>> 2 * key & 3;
    boolean heedsWriteDisable = kind == Kind.WRITE && (userMode || writeProtect);
    return rights % 2 == 1 || rights == 2 && heedsWriteDisable;
  }

  /// The address that is accessed through a pointer in 64-bit mode.
  long unmasked(long pointer) {
    int width = pointer < 0 ? supervisorWidth : userWidth;
    long address = pointer;
    for (int bit = width; bit < 63; bit++) {
      long same = pointer >>> width - 1 & 1;
      address = address & ~(1L << bit) | same << bit;
    }
    return address;
  }

  boolean isCanonical(long address) {
    long top = address >> (fiveLevels ? 56 : 47);
    return top == 0 || top == -1;
  }

  private void check(
      long gva,
      Kind kind,
      boolean userMode,
      boolean implicit,
      boolean user,
      boolean writable,
      boolean executable,
      int code)
      throws Fault {
    boolean fine;
    if (userMode) {
      fine = user && (kind != Kind.WRITE || writable) && (kind != Kind.FETCH || executable);
    } else if (kind == Kind.FETCH) {
      fine = executable && !(user && smep);
    } else {
      fine = !(user && smap && (implicit || !ac));
      fine &= kind != Kind.WRITE || writable || !writeProtect;
    }
    if (!fine || (code & 32) != 0) {
      throw new Fault(gva, code);
    }
  }

  private void mark(List<long[]> used, Kind kind, int entryBytes) {
    for (long[] e : used) {
      long dirty = kind == Kind.WRITE && e == used.getLast() ? 0x40 : 0;
      long wanted = e[1] | 0x20 | dirty;
      for (int k = 0; k < entryBytes && wanted != e[1]; k++) {
        memory[(int) e[0] + k] = (byte) (wanted >>> 8 * k);
      }
    }
  }

  private boolean isRam(long gpa) {
    return gpa >= 0 && gpa < memory.length;
  }

  long read(long gpa, int bytes) {
    long value = 0;
    for (int k = bytes - 1; k >= 0; k--) {
      value = value << 8 | byteAt(gpa + k);
    }
    return value;
  }

  private int byteAt(long gpa) {
    if (isRam(gpa)) {
      return memory[(int) gpa] & 0xFF;
    }
    boolean rom = gpa >= VcpuFixture.ROM && gpa < 1L << 32;
    return rom ? 0 : 0xFF;
  }

  /// Translates both pages of an access, in order.
  private long[] translateEach(
      long gva, int bytes, Kind kind, boolean userMode, boolean implicit, long wrap) throws Fault {
    long[] gpas = new long[bytes];
    long first = translate(gva, kind, userMode, implicit);
    long other = first;
    int inFirst = (int) Math.min(bytes, 4096 - (gva & 0xFFF));
    if (inFirst < bytes) {
      other = translate(gva + inFirst & wrap, kind, userMode, implicit);
    }
    for (int k = 0; k < bytes; k++) {
      gpas[k] = k < inFirst ? first + k : other + k - inFirst;
    }
    return gpas;
  }

  long load(long gva, int bytes, Kind kind, boolean userMode, boolean implicit, long wrap)
      throws Fault {
    long[] gpas = translateEach(gva, bytes, kind, userMode, implicit, wrap);
    long value = 0;
    for (int k = bytes - 1; k >= 0; k--) {
      value = value << 8 | read(gpas[k], 1);
    }
    return value;
  }

  void store(long gva, int bytes, long value, boolean userMode, boolean implicit, long wrap)
      throws Fault {
    long[] gpas = translateEach(gva, bytes, Kind.WRITE, userMode, implicit, wrap);
    for (int k = 0; k < bytes; k++) {
      if (isRam(gpas[k])) {
        memory[(int) gpas[k]] = (byte) (value >>> 8 * k);
      }
    }
  }

  boolean sameBytes(byte[] other) {
    return Arrays.equals(memory, other);
  }
}
