package dev.backstep.emulator.mmu;

import java.util.Arrays;

/// The architectural TLB: what the guest must flush to make its changes of paging structures seen.
/// SDM Vol. 3 "Caching Translation Information".
///
/// Each entry belongs to a PCID or is global. Translations of large pages are kept whole in a few
/// entries and copied to 4 KiB entries when used; where a large page does not have one memory type
/// or one backing throughout, it has 4 KiB entries only.
///
/// ```
/// tag    63..12       11..0
///        linear page  PCID           bit 62 inverted and no PCID: global
///
/// flags  26..24     22..20     19..16          15..8       5             4       3      2           1         0
///        cache use  PAT index  protection key  page shift  SHADOW_STACK  GLOBAL  DIRTY  NO_EXECUTE  WRITABLE  USER
/// ```
final class Tlb {
  static final int ENTRIES = 2048;
  static final int MISS = -1;

  static final int USER = 1;
  static final int WRITABLE = 1 << 1;
  static final int NO_EXECUTE = 1 << 2;
  static final int DIRTY = 1 << 3;
  static final int GLOBAL = 1 << 4;

  /// The page is a shadow-stack page once its dirty flag is set.
  static final int SHADOW_STACK = 1 << 5;

  static final int PCID_MASK = 0xFFF;

  private static final int SHIFT_FIELD = 8;
  private static final int KEY_FIELD = 16;
  private static final int PAT_FIELD = 20;
  private static final int USE_FIELD = 24;
  private static final int LARGE_ENTRIES = 32;
  private static final long PCID_SPREAD = 158;

  /// Not canonical, whether or not bit 62 is inverted.
  private static final long INVALID = 1L << 61;

  private static final long GLOBAL_TAG = 1L << 62;

  private final int mask;
  private final SlotList filled;

  private final long[] tag;
  private final long[] gpaPage;

  /// RAM offset of the page for reads and for writes, or `PhysicalBus.NOT_RAM`.
  private final long[] ramForRead;

  private final long[] ramForWrite;
  private final int[] flags;

  private final long[] largeTag = new long[LARGE_ENTRIES];
  private final long[] largeGpa = new long[LARGE_ENTRIES];
  private final int[] largeFlags = new int[LARGE_ENTRIES];
  private int largeCount;
  private int largeVictim;

  /// Whether a 4 KiB entry may belong to a large page that has no entry of its own.
  private boolean holdsOrphans;

  /// @param entries a power of two
  Tlb(int entries) {
    mask = entries - 1;
    filled = new SlotList(entries);
    tag = new long[entries];
    gpaPage = new long[entries];
    ramForRead = new long[entries];
    ramForWrite = new long[entries];
    flags = new int[entries];
    Arrays.fill(tag, INVALID);
  }

  /// @param permissions permission bits and protection key
  static int flagsOf(int permissions, int pageShift) {
    return permissions | pageShift << SHIFT_FIELD;
  }

  static int pageShift(int flags) {
    return flags >>> SHIFT_FIELD & 0xFF;
  }

  /// The bits that stand for protection key `key`.
  static int ofKey(int key) {
    return key << KEY_FIELD;
  }

  static int key(int flags) {
    return flags >>> KEY_FIELD & 0xF;
  }

  /// The bits that stand for a page's PAT, PCD and PWT.
  static int ofPat(int patIndex) {
    return patIndex << PAT_FIELD;
  }

  static int patIndex(int flags) {
    return flags >>> PAT_FIELD & 7;
  }

  /// The number of the cache use of a 4 KiB entry, plus one; 0 while it is not known.
  static int cacheUse(int flags) {
    return flags >>> USE_FIELD & 7;
  }

  void setCacheUse(int entry, int use) {
    flags[entry] = flags[entry] & ~(7 << USE_FIELD) | use << USE_FIELD;
  }

  /// Memory types changed: all cache uses are unknown again.
  void forgetCacheUses() {
    for (int k = 0; k < filled.count(); k++) {
      setCacheUse(filled.at(k), 0);
    }
  }

  private static long tagOf(long gva, int pcid, int newFlags) {
    long page = gva & Mmu.PAGE_MASK;
    return (newFlags & GLOBAL) != 0 ? page ^ GLOBAL_TAG : page | pcid;
  }

  private static boolean isGlobal(long tag) {
    return ((tag ^ tag << 1) & 1L << 63) != 0;
  }

  /// Whether a tag's entry is used with `pcid`.
  private static boolean isIn(long tag, int pcid) {
    return isGlobal(tag) || (tag & PCID_MASK) == pcid;
  }

  private static long pageOf(long tag) {
    return isGlobal(tag) ? tag ^ GLOBAL_TAG : tag & Mmu.PAGE_MASK;
  }

  private static boolean covers(long tag, int flags, long gva) {
    long page = isGlobal(tag) ? tag ^ GLOBAL_TAG : tag;
    return (page ^ gva) >>> pageShift(flags) == 0;
  }

  /// Where an entry may be. Even multiples keep the neighbours of a page out of its slot, whether
  /// they are global or not: an access that crosses pages needs both.
  private int slot(long gva, int pcid) {
    return (int) (gva >>> 12 ^ pcid * PCID_SPREAD) & mask;
  }

  /// The 4 KiB entry that translates `gva` with `pcid`, or [#MISS].
  int find(long gva, int pcid) {
    long page = gva & Mmu.PAGE_MASK;
    int own = slot(gva, pcid);
    if (tag[own] == (page | pcid)) {
      return own;
    }
    int global = slot(gva, 0);
    return tag[global] == (page ^ GLOBAL_TAG) ? global : MISS;
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
  int putFragment(long gva, int pcid, long gpa, int newFlags) {
    holdsOrphans = true;
    return put(gva, pcid, gpa, newFlags);
  }

  /// Puts a 4 KiB entry; [#setBacking] must follow.
  int put(long gva, int pcid, long gpa, int newFlags) {
    int entry = slot(gva, (newFlags & GLOBAL) != 0 ? 0 : pcid);
    filled.add(entry);
    tag[entry] = tagOf(gva, pcid, newFlags);
    gpaPage[entry] = gpa & Mmu.PAGE_MASK;
    flags[entry] = newFlags;
    return entry;
  }

  void setBacking(int entry, long newRamForRead, long newRamForWrite) {
    ramForRead[entry] = newRamForRead;
    ramForWrite[entry] = newRamForWrite;
  }

  /// The entry of the large page that holds `gva`, or [#MISS].
  int findLarge(long gva, int pcid) {
    for (int k = 0; k < largeCount; k++) {
      if (covers(largeTag[k], largeFlags[k], gva) && isIn(largeTag[k], pcid)) {
        return k;
      }
    }
    return MISS;
  }

  int largeFlags(int large) {
    return largeFlags[large];
  }

  long largeGpa(int large, long gva) {
    long bytes = 1L << pageShift(largeFlags[large]);
    return largeGpa[large] + (gva & bytes - 1);
  }

  /// Puts a large page; `gva` and `gpa` lie anywhere within it, at the same offset.
  void putLarge(long gva, int pcid, long gpa, int newFlags) {
    long base = -1L << pageShift(newFlags);
    long newTag = tagOf(gva & base, pcid, newFlags);
    int large = findLarge(gva, pcid);
    if (large == MISS) {
      holdsOrphans |= largeCount == LARGE_ENTRIES;
      large = largeCount < LARGE_ENTRIES ? largeCount++ : largeVictim++ & LARGE_ENTRIES - 1;
    } else {
      // The 4 KiB entries of a page of another size, or of another address space, stay behind.
      boolean sameSize = pageShift(largeFlags[large]) == pageShift(newFlags);
      holdsOrphans |= !sameSize || largeTag[large] != newTag;
    }
    largeTag[large] = newTag;
    largeGpa[large] = gpa & base;
    largeFlags[large] = newFlags;
  }

  void flushAll() {
    for (int k = 0; k < filled.count(); k++) {
      tag[filled.at(k)] = INVALID;
    }
    filled.clear();
    largeCount = 0;
    holdsOrphans = false;
  }

  /// Forgets what is not global, whatever its PCID.
  void flushNonGlobal() {
    for (int k = 0; k < filled.count(); k++) {
      int entry = filled.at(k);
      if (!isGlobal(tag[entry])) {
        tag[entry] = INVALID;
      }
    }
    for (int k = largeCount - 1; k >= 0; k--) {
      if (!isGlobal(largeTag[k])) {
        removeLarge(k);
      }
    }
  }

  /// Forgets what belongs to `pcid`.
  void flushContext(int pcid) {
    for (int k = 0; k < filled.count(); k++) {
      int entry = filled.at(k);
      if (isOwnedBy(tag[entry], pcid)) {
        tag[entry] = INVALID;
      }
    }
    for (int k = largeCount - 1; k >= 0; k--) {
      if (isOwnedBy(largeTag[k], pcid)) {
        removeLarge(k);
      }
    }
  }

  private static boolean isOwnedBy(long tag, int pcid) {
    return !isGlobal(tag) && (tag & PCID_MASK) == pcid;
  }

  /// Forgets the page of `pcid`, or the global one, that holds `gva`, the whole of it where it is a
  /// large one. SDM Vol. 2 "INVLPG", Vol. 3 "Operations that Invalidate TLBs and Paging-Structure
  /// Caches".
  ///
  /// @return whether more than one 4 KiB page may have been forgotten
  boolean flushPage(long gva, int pcid) {
    int own = find(gva, pcid);
    while (own != MISS) {
      tag[own] = INVALID;
      own = find(gva, pcid);
    }
    if (!holdsOrphans && findLarge(gva, pcid) == MISS) {
      return false;
    }
    for (int k = 0; k < filled.count(); k++) {
      int entry = filled.at(k);
      if (covers(tag[entry], flags[entry], gva) && isIn(tag[entry], pcid)) {
        tag[entry] = INVALID;
      }
    }
    for (int k = largeCount - 1; k >= 0; k--) {
      if (covers(largeTag[k], largeFlags[k], gva) && isIn(largeTag[k], pcid)) {
        removeLarge(k);
      }
    }
    return true;
  }

  private void removeLarge(int large) {
    largeCount--;
    largeTag[large] = largeTag[largeCount];
    largeGpa[large] = largeGpa[largeCount];
    largeFlags[large] = largeFlags[largeCount];
  }

  /// Is shown what the TLB holds.
  interface Visitor {
    void page(long gva, long gpa, int flags, int shift);
  }

  /// Shows every page that is used with `pcid`: large ones first and whole, then those of 4 KiB
  /// that belong to none of them.
  void visit(int pcid, Visitor visitor) {
    for (int k = 0; k < largeCount; k++) {
      if (isIn(largeTag[k], pcid)) {
        int shift = pageShift(largeFlags[k]);
        visitor.page(pageOf(largeTag[k]), largeGpa[k], largeFlags[k], shift);
      }
    }
    for (int entry = 0; entry <= mask; entry++) {
      if (isValid(entry) && isIn(tag[entry], pcid)) {
        long gva = pageOf(tag[entry]);
        if (pageShift(flags[entry]) == 12 || findLarge(gva, pcid) == MISS) {
          visitor.page(gva, gpaPage[entry], flags[entry], 12);
        }
      }
    }
  }

  int size() {
    return mask + 1;
  }

  boolean isValid(int entry) {
    return tag[entry] != INVALID;
  }
}
