package dev.backstep.emulator.mmu;

import java.util.Arrays;

/// Flat arrays that answer "is this page plain RAM that I may read (write)?" in one compare.
final class TlbView {
  static final long INVALID = -1;

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
}
