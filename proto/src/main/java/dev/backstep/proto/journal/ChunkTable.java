package dev.backstep.proto.journal;

import java.util.Arrays;

/// Where each whole chunk lies in the journal and which positions it holds.
final class ChunkTable {
  private long[] offsets = new long[64];
  private int[] lengths = new int[64];
  private long[] firstPositions = new long[64];
  private int[] crcs = new int[64];
  private int size;
  private long endPosition;

  void add(long offset, int length, ChunkSeal seal) {
    if (size == offsets.length) {
      offsets = Arrays.copyOf(offsets, size * 2);
      lengths = Arrays.copyOf(lengths, size * 2);
      firstPositions = Arrays.copyOf(firstPositions, size * 2);
      crcs = Arrays.copyOf(crcs, size * 2);
    }
    offsets[size] = offset;
    lengths[size] = length;
    firstPositions[size] = seal.firstPosition();
    crcs[size++] = seal.crc32c();
    endPosition = seal.firstPosition() + seal.instructionCount();
  }

  int size() {
    return size;
  }

  /// The position after the last chunk.
  long endPosition() {
    return endPosition;
  }

  /// Forgets the chunks from `newSize` on.
  void cutTo(int newSize) {
    endPosition = newSize < size ? firstPositions[newSize] : endPosition;
    size = newSize;
  }

  long offset(int chunk) {
    return offsets[chunk];
  }

  int length(int chunk) {
    return lengths[chunk];
  }

  int crc32c(int chunk) {
    return crcs[chunk];
  }

  int lastCrc32c() {
    return size == 0 ? 0 : crcs[size - 1];
  }

  long firstPosition(int chunk) {
    return firstPositions[chunk];
  }

  /// The last chunk that starts at or before `position`: of several that start there, all but the
  /// last hold no instructions.
  int chunkAt(long position) {
    int low = 0;
    int high = size - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (Long.compareUnsigned(firstPositions[middle], position) <= 0) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }
}
