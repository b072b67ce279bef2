package dev.backstep.emulator.cache;

import dev.backstep.emulator.device.StateSink;
import java.util.Arrays;

/// Which lines one processor holds, and in which state. What they hold is in guest RAM.
///
/// A set's slots are in the order of their last use: the first is the most recent, the last one is
/// the next victim.
final class CacheLines {
  static final int LINE_SHIFT = 6;
  static final int LINE_BYTES = 1 << LINE_SHIFT;
  static final int SETS = 64;
  static final int WAYS = 8;
  static final int MISS = -1;

  private static final int SLOTS = SETS * WAYS;

  private final int owner;
  private final long[] line = new long[SLOTS];
  private final LineState[] state = new LineState[SLOTS];

  /// How many lines are held.
  private int count;

  /// @param owner number of the processor
  CacheLines(int owner) {
    this.owner = owner;
    Arrays.fill(state, LineState.INVALID);
  }

  int owner() {
    return owner;
  }

  private static int firstSlot(long line) {
    return (int) (line & SETS - 1) * WAYS;
  }

  /// The slot that holds `wanted`, or [#MISS].
  int find(long wanted) {
    if (count == 0) {
      return MISS;
    }
    int first = firstSlot(wanted);
    for (int slot = first; slot < first + WAYS; slot++) {
      if (line[slot] == wanted && state[slot] != LineState.INVALID) {
        return slot;
      }
    }
    return MISS;
  }

  LineState stateOf(long wanted) {
    int slot = find(wanted);
    return slot == MISS ? LineState.INVALID : state[slot];
  }

  LineState state(int slot) {
    return state[slot];
  }

  long line(int slot) {
    return line[slot];
  }

  /// The slot that a new line of the set of `wanted` takes: its line must be dropped first.
  int victim(long wanted) {
    return firstSlot(wanted) + WAYS - 1;
  }

  /// Puts a line in place of the set's victim, which was dropped, as the most recently used.
  void put(long newLine, LineState newState) {
    count++;
    moveToFront(victim(newLine), newLine, newState);
  }

  /// Marks a line that is there as the most recently used.
  void use(long used) {
    int slot = find(used);
    moveToFront(slot, used, state[slot]);
  }

  private void moveToFront(int slot, long newLine, LineState newState) {
    int first = firstSlot(newLine);
    System.arraycopy(line, first, line, first + 1, slot - first);
    System.arraycopy(state, first, state, first + 1, slot - first);
    line[first] = newLine;
    state[first] = newState;
  }

  void setState(long changed, LineState newState) {
    state[find(changed)] = newState;
  }

  /// Takes a line out, if it is there.
  void remove(long gone) {
    int slot = find(gone);
    if (slot == MISS) {
      return;
    }
    count--;
    int last = victim(gone);
    System.arraycopy(line, slot + 1, line, slot, last - slot);
    System.arraycopy(state, slot + 1, state, slot, last - slot);
    line[last] = 0;
    state[last] = LineState.INVALID;
  }

  /// All lines that are held, set by set.
  long[] held() {
    long[] held = new long[count];
    int k = 0;
    for (int slot = 0; slot < SLOTS; slot++) {
      if (state[slot] != LineState.INVALID) {
        held[k++] = line[slot];
      }
    }
    return held;
  }

  void save(StateSink sink) {
    sink.putInt(count);
    for (int slot = 0; count > 0 && slot < SLOTS; slot++) {
      sink.putLong(line[slot] << 2 | state[slot].ordinal());
    }
  }
}
