package dev.backstep.emulator.mmu;

import java.util.Arrays;

/// Flat arrays that answer "is this page plain RAM that I may read (write)?" in one compare, for
/// one privilege. What is here is in the [Tlb] or was when it was put here; flushes reach both.
///
/// Pages are those of the addresses that instructions use: with linear-address masking, metadata
/// included. Their slot does not depend on it.
final class TlbView {
  private static final int SLOTS = 1024;
  private static final long INVALID = -1;

  /// A view that nothing is ever put into: every access takes the slow path.
  static final TlbView NONE = new TlbView();

  /// Linear address of the page that slot k translates for reads, or [#INVALID].
  private final long[] readTag = new long[SLOTS];

  private final long[] writeTag = new long[SLOTS];

  /// RAM offset minus linear address.
  private final long[] ramOffset = new long[SLOTS];

  private final SlotList filled = new SlotList(SLOTS);

  /// The protection keys of the pages here, as [AccessRights#keyBit] has them.
  private int keys;

  TlbView() {
    Arrays.fill(readTag, INVALID);
    Arrays.fill(writeTag, INVALID);
  }

  void clear() {
    for (int k = 0; k < filled.count(); k++) {
      int slot = filled.at(k);
      readTag[slot] = INVALID;
      writeTag[slot] = INVALID;
    }
    filled.clear();
    keys = 0;
  }

  private static int slot(long gva) {
    return (int) (gva >>> 12) & SLOTS - 1;
  }

  /// Whether the bytes from `linear` to `linear + last` are in one page of plain RAM that may be
  /// read.
  boolean isReadable(long linear, int last) {
    return readTag[slot(linear)] == (linear + last & Mmu.PAGE_MASK);
  }

  /// The same for writes; readable is implied.
  boolean isWritable(long linear, int last) {
    return writeTag[slot(linear)] == (linear + last & Mmu.PAGE_MASK);
  }

  /// The RAM offset of a readable byte.
  long ramOffset(long linear) {
    return linear + ramOffset[slot(linear)];
  }

  void putReadable(long page, long ramPage, int keyBit) {
    int slot = slot(page);
    if (writeTag[slot] != page) {
      writeTag[slot] = INVALID;
    }
    fill(slot, page, ramPage, keyBit);
  }

  void putWritable(long page, long ramPage, int keyBit) {
    int slot = slot(page);
    writeTag[slot] = page;
    fill(slot, page, ramPage, keyBit);
  }

  private void fill(int slot, long page, long ramPage, int keyBit) {
    readTag[slot] = page;
    ramOffset[slot] = ramPage - page;
    keys |= keyBit;
    filled.add(slot);
  }

  void drop(long gva) {
    int slot = slot(gva);
    readTag[slot] = INVALID;
    writeTag[slot] = INVALID;
  }

  /// Forgets all pages if one of them may have one of the protection keys `someKeys`.
  void dropKeys(int someKeys) {
    if ((keys & someKeys) != 0) {
      clear();
    }
  }

  /// Takes the right to write from every slot that leads to the RAM page at `ramPage`.
  void dropWritable(long ramPage) {
    for (int k = 0; k < filled.count(); k++) {
      int slot = filled.at(k);
      if (writeTag[slot] != INVALID && writeTag[slot] + ramOffset[slot] == ramPage) {
        writeTag[slot] = INVALID;
      }
    }
  }
}
