package dev.backstep.emulator.mmu;

import java.util.Arrays;

/// Flat arrays that answer "is this page plain RAM that I may read (write)?" in one compare, for
/// one privilege. What is here is in the [Tlb] or was when it was put here; flushes reach both.
final class TlbView {
  static final long INVALID = -1;

  /// A view that nothing is ever put into: every access takes the slow path.
  static final TlbView NONE = new TlbView();

  /// Linear address of the page that slot k translates for reads, or [#INVALID].
  final long[] readTag = new long[Mmu.SLOTS];

  final long[] writeTag = new long[Mmu.SLOTS];

  /// RAM offset minus linear address.
  final long[] ramOffset = new long[Mmu.SLOTS];

  TlbView() {
    clear();
  }

  void clear() {
    Arrays.fill(readTag, INVALID);
    Arrays.fill(writeTag, INVALID);
  }

  void putReadable(long page, long ramPage) {
    int slot = Mmu.slot(page);
    if (writeTag[slot] != page) {
      writeTag[slot] = INVALID;
    }
    readTag[slot] = page;
    ramOffset[slot] = ramPage - page;
  }

  void putWritable(long page, long ramPage) {
    int slot = Mmu.slot(page);
    readTag[slot] = page;
    writeTag[slot] = page;
    ramOffset[slot] = ramPage - page;
  }

  void drop(long gva) {
    int slot = Mmu.slot(gva);
    readTag[slot] = INVALID;
    writeTag[slot] = INVALID;
  }

  /// Takes the right to write from every slot that leads to the RAM page at `ramPage`.
  void dropWritable(long ramPage) {
    for (int slot = 0; slot < Mmu.SLOTS; slot++) {
      if (writeTag[slot] != INVALID && writeTag[slot] + ramOffset[slot] == ramPage) {
        writeTag[slot] = INVALID;
      }
    }
  }
}
