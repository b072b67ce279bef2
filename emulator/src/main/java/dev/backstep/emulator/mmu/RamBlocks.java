package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.PhysicalBus;
import java.util.Arrays;

/// Remembers which aligned 2 MiB blocks of guest-physical memory are RAM throughout, and where:
/// page walks and TLB fills ask for every entry, and the bus searches its list of regions.
final class RamBlocks {
  private static final int SHIFT = 21;
  private static final long BLOCK_BYTES = 1L << SHIFT;
  private static final int SLOTS = 32;
  private static final long NONE = -1;

  private final PhysicalBus bus;
  private final long[] block = new long[SLOTS];
  private final long[] readOffset = new long[SLOTS];
  private final long[] writeOffset = new long[SLOTS];

  RamBlocks(PhysicalBus bus) {
    this.bus = bus;
    forget();
  }

  /// The map of guest-physical memory changed.
  void forget() {
    Arrays.fill(block, NONE);
  }

  long ramForRead(long gpa) {
    int slot = slot(gpa);
    return block[slot] == gpa >>> SHIFT || learn(gpa, slot)
        ? readOffset[slot] + (gpa & BLOCK_BYTES - 1)
        : bus.ramOffsetForRead(gpa);
  }

  long ramForWrite(long gpa) {
    int slot = slot(gpa);
    return block[slot] == gpa >>> SHIFT || learn(gpa, slot)
        ? writeOffset[slot] + (gpa & BLOCK_BYTES - 1)
        : bus.ramOffsetForWrite(gpa);
  }

  private static int slot(long gpa) {
    return (int) (gpa >>> SHIFT) & SLOTS - 1;
  }

  /// Whether the block of `gpa` is readable and writable RAM throughout; if so it is remembered.
  private boolean learn(long gpa, int slot) {
    long first = gpa & -BLOCK_BYTES;
    long read = bus.ramOffsetForRead(first);
    long write = bus.ramOffsetForWrite(first);
    boolean plain = read != PhysicalBus.NOT_RAM && write != PhysicalBus.NOT_RAM;
    if (!plain || !bus.isUniform(first, BLOCK_BYTES)) {
      return false;
    }
    block[slot] = gpa >>> SHIFT;
    readOffset[slot] = read;
    writeOffset[slot] = write;
    return true;
  }
}
