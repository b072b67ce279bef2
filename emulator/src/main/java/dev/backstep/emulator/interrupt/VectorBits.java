package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.device.StateSink;

/// 256 bits, one a vector: IRR, ISR or TMR.
final class VectorBits {
  static final int NONE = -1;

  private final long[] words = new long[4];

  void set(int vector) {
    words[vector >> 6] |= 1L << vector;
  }

  void clear(int vector) {
    words[vector >> 6] &= ~(1L << vector);
  }

  boolean get(int vector) {
    return (words[vector >> 6] >>> vector & 1) != 0;
  }

  /// The highest vector that is set, or [#NONE].
  int highest() {
    for (int k = 3; k >= 0; k--) {
      if (words[k] != 0) {
        return 64 * k + 63 - Long.numberOfLeadingZeros(words[k]);
      }
    }
    return NONE;
  }

  /// Bits `[32 * index, 32 * index + 32)`, as the register of that index shows them.
  int register(int index) {
    return (int) (words[index >> 1] >>> 32 * (index & 1));
  }

  void clearAll() {
    words[0] = 0;
    words[1] = 0;
    words[2] = 0;
    words[3] = 0;
  }

  void save(StateSink sink) {
    for (long word : words) {
      sink.putLong(word);
    }
  }
}
