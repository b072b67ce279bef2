package dev.backstep.emulator.boot;

import dev.backstep.emulator.bus.GuestRam;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// RAM below 4 GiB as a loader fills it. It keeps account of what is taken, so that nothing is put
/// over something else and no hostile size passes.
final class BootMemory {
  /// What firmware and start-up code of other vCPUs use: interrupt vectors, BIOS data, trampolines.
  private static final long FIRST_FREE = 0x9000;

  private static final long ROOM_END = 0x9_F000;

  private record Taken(long gpa, long end) {}

  private final GuestRam ram;
  private final MemoryLayout layout;
  private final List<Taken> taken = new ArrayList<>();

  BootMemory(GuestRam ram, MemoryLayout layout) {
    this.ram = ram;
    this.layout = layout;
  }

  MemoryLayout layout() {
    return layout;
  }

  /// Whether `[gpa, gpa + bytes)` is RAM that a loader may fill and that is still free. Both
  /// numbers are unsigned 32-bit ones.
  boolean isFree(long gpa, long bytes) {
    long end = gpa + bytes;
    boolean low = end <= MemoryLayout.BASE_MEMORY_END;
    boolean high = gpa >= MemoryLayout.ONE_MIB && end <= layout.lowEnd();
    if (!low && !high) {
      return false;
    }
    for (int k = 0; k < taken.size(); k++) {
      Taken t = taken.get(k);
      if (gpa < t.end && t.gpa < end) {
        return false;
      }
    }
    return true;
  }

  /// Copies `count` bytes and takes `[gpa, gpa + bytes)`, of which the rest is zeroed. The caller
  /// has asked [#isFree].
  void load(long gpa, long bytes, byte[] from, int offset, int count) {
    MemorySegment target = ram.segment().asSlice(gpa, bytes);
    MemorySegment.copy(MemorySegment.ofArray(from), offset, target, 0, count);
    target.asSlice(count).fill((byte) 0);
    if (bytes > 0) {
      taken.add(new Taken(gpa, gpa + bytes));
    }
  }

  /// A free place for small structures, below 640 KiB if there is room; -1 if there is none.
  long placeForSmall(long bytes) {
    long gpa = firstFree(FIRST_FREE, ROOM_END, bytes, 16);
    return gpa >= 0 ? gpa : placeForLarge(bytes);
  }

  /// A free place above everything taken so far and above 1 MiB, on a page of its own; -1 if there
  /// is none.
  long placeForLarge(long bytes) {
    long start = MemoryLayout.ONE_MIB;
    for (int k = 0; k < taken.size(); k++) {
      start = Math.max(start, taken.get(k).end);
    }
    return firstFree(start, layout.lowEnd(), bytes, 4096);
  }

  private long firstFree(long from, long end, long bytes, long alignment) {
    long gpa = from + alignment - 1 & -alignment;
    int k = 0;
    while (k < taken.size()) {
      Taken t = taken.get(k++);
      if (gpa < t.end && t.gpa < gpa + bytes) {
        gpa = t.end + alignment - 1 & -alignment;
        k = 0;
      }
    }
    return gpa + bytes <= end ? gpa : -1;
  }
}
