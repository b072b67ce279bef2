package dev.backstep.emulator.mmu;

import java.util.Arrays;

/// Which slots of a table may be in use: what empties a table need not look at all of it. Most
/// flushes come when few slots are filled.
final class SlotList {
  private final short[] slots;
  private final boolean[] isListed;
  private int count;

  /// @param capacity how many slots the table has, at most 32768
  SlotList(int capacity) {
    slots = new short[capacity];
    isListed = new boolean[capacity];
  }

  void add(int slot) {
    if (!isListed[slot]) {
      isListed[slot] = true;
      slots[count++] = (short) slot;
    }
  }

  int count() {
    return count;
  }

  int at(int k) {
    return slots[k];
  }

  void clear() {
    if (count < slots.length >>> 2) {
      for (int k = 0; k < count; k++) {
        isListed[slots[k]] = false;
      }
    } else {
      Arrays.fill(isListed, false);
    }
    count = 0;
  }
}
