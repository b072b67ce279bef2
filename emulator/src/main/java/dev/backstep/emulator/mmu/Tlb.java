package dev.backstep.emulator.mmu;

import java.util.Arrays;

/// The architectural TLB: what the guest must flush to make its changes of paging structures seen.
/// SDM Vol. 3 "Caching Translation Information".
///
/// Translations of large pages are kept whole in a few entries and copied to 4 KiB entries when
/// used; where a large page does not have one memory type or one backing throughout, it has 4 KiB
/// entries only.
///
/// ```
/// flags  15..8       5       4       3      2           1         0
///        page shift  (free)  GLOBAL  DIRTY  NO_EXECUTE  WRITABLE  USER
/// ```
final class Tlb {
  static final int ENTRIES = 2048;
  static final int MISS = -1;

  static final int USER = 1;
  static final int WRITABLE = 1 << 1;
  static final int NO_EXECUTE = 1 << 2;
  static final int DIRTY = 1 << 3;
  static final int GLOBAL = 1 << 4;

  private static final int SHIFT_FIELD = 8;
  private static final int LARGE_ENTRIES = 32;
  private static final long INVALID = -1;

  private final int mask;

  /// Linear address of the page that entry k translates, or [#INVALID].
  private final long[] page;

  private final long[] gpaPage;

  /// RAM offset of the page for reads and for writes, or `PhysicalBus.NOT_RAM`.
  private final long[] ramForRead;

  private final long[] ramForWrite;
  private final int[] flags;

  private final long[] largePage = new long[LARGE_ENTRIES];
  private final long[] largeGpa = new long[LARGE_ENTRIES];
  private final int[] largeFlags = new int[LARGE_ENTRIES];
  private int largeCount;
  private int largeVictim;

  /// Whether a 4 KiB entry may belong to a large page that has no entry of its own.
  private boolean holdsOrphans;

  /// @param entries a power of two
  Tlb(int entries) {
    mask = entries - 1;
    page = new long[entries];
    gpaPage = new long[entries];
    ramForRead = new long[entries];
    ramForWrite = new long[entries];
    flags = new int[entries];
    Arrays.fill(page, INVALID);
  }

  static int flagsOf(int permissions, int pageShift) {
    return permissions | pageShift << SHIFT_FIELD;
  }

  static int pageShift(int flags) {
    return flags >>> SHIFT_FIELD & 0xFF;
  }

  /// The 4 KiB entry that translates `gva`, or [#MISS].
  int find(long gva) {
    int entry = (int) (gva >>> 12) & mask;
    return page[entry] == (gva & Mmu.PAGE_MASK) ? entry : MISS;
  }

  int flags(int entry) {
    return flags[entry];
  }

  long gpa(int entry, long gva) {
    return gpaPage[entry] + (gva & 0xFFF);
  }

  long gpaPage(int entry) {
    return gpaPage[entry];
  }

  long ramForRead(int entry) {
    return ramForRead[entry];
  }

  long ramForWrite(int entry) {
    return ramForWrite[entry];
  }

  /// Puts a 4 KiB entry of a large page that is not kept whole; [#setBacking] must follow.
  int putFragment(long gva, long gpa, int newFlags) {
    holdsOrphans = true;
    return put(gva, gpa, newFlags);
  }

  /// Puts a 4 KiB entry; [#setBacking] must follow.
  int put(long gva, long gpa, int newFlags) {
    int entry = (int) (gva >>> 12) & mask;
    page[entry] = gva & Mmu.PAGE_MASK;
    gpaPage[entry] = gpa & Mmu.PAGE_MASK;
    flags[entry] = newFlags;
    return entry;
  }

  void setBacking(int entry, long newRamForRead, long newRamForWrite) {
    ramForRead[entry] = newRamForRead;
    ramForWrite[entry] = newRamForWrite;
  }

  /// The entry of the large page that holds `gva`, or [#MISS].
  int findLarge(long gva) {
    for (int k = 0; k < largeCount; k++) {
      if ((largePage[k] ^ gva) >>> pageShift(largeFlags[k]) == 0) {
        return k;
      }
    }
    return MISS;
  }

  int largeFlags(int large) {
    return largeFlags[large];
  }

  long largeGpa(int large, long gva) {
    return largeGpa[large] + (gva - largePage[large]);
  }

  /// Puts a large page; `gva` and `gpa` lie anywhere within it, at the same offset.
  void putLarge(long gva, long gpa, int newFlags) {
    int large = findLarge(gva);
    if (large == MISS) {
      holdsOrphans |= largeCount == LARGE_ENTRIES;
      large = largeCount < LARGE_ENTRIES ? largeCount++ : largeVictim++ & LARGE_ENTRIES - 1;
    }
    long base = -1L << pageShift(newFlags);
    largePage[large] = gva & base;
    largeGpa[large] = gpa & base;
    largeFlags[large] = newFlags;
  }

  void flushAll() {
    Arrays.fill(page, INVALID);
    largeCount = 0;
    holdsOrphans = false;
  }

  void flushNonGlobal() {
    for (int k = 0; k <= mask; k++) {
      if ((flags[k] & GLOBAL) == 0) {
        page[k] = INVALID;
      }
    }
    for (int k = largeCount - 1; k >= 0; k--) {
      if ((largeFlags[k] & GLOBAL) == 0) {
        removeLarge(k);
      }
    }
  }

  /// Forgets the page that holds `gva`, the whole of it where it is a large one. SDM Vol. 2
  /// "INVLPG", Vol. 3 "Operations that Invalidate TLBs and Paging-Structure Caches".
  ///
  /// @return whether more than one 4 KiB page may have been forgotten
  boolean flushPage(long gva) {
    int own = find(gva);
    if (own != MISS) {
      page[own] = INVALID;
    }
    if (!holdsOrphans && findLarge(gva) == MISS) {
      return false;
    }
    for (int k = 0; k <= mask; k++) {
      if (page[k] != INVALID && (page[k] ^ gva) >>> pageShift(flags[k]) == 0) {
        page[k] = INVALID;
      }
    }
    for (int k = largeCount - 1; k >= 0; k--) {
      if ((largePage[k] ^ gva) >>> pageShift(largeFlags[k]) == 0) {
        removeLarge(k);
      }
    }
    return true;
  }

  private void removeLarge(int large) {
    largeCount--;
    largePage[large] = largePage[largeCount];
    largeGpa[large] = largeGpa[largeCount];
    largeFlags[large] = largeFlags[largeCount];
  }

  int size() {
    return mask + 1;
  }

  boolean isValid(int entry) {
    return page[entry] != INVALID;
  }
}
