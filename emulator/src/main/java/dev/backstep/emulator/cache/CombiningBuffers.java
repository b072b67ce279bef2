package dev.backstep.emulator.cache;

import dev.backstep.emulator.device.StateSink;

/// One processor's write-combining buffers: stores to WC memory and non-temporal stores that nobody
/// else sees yet. SDM Vol. 3 "Buffering of Write Combining Memory Locations"; APM Vol. 2 "Write
/// Combining". How many there are is the implementation's affair.
final class CombiningBuffers {
  static final int BUFFERS = 4;
  static final int NONE = -1;

  private static final long FULL = -1;

  private final long[] line = new long[BUFFERS];

  /// Bit n: byte n is in the buffer.
  private final long[] valid = new long[BUFFERS];

  private final byte[][] bytes = new byte[BUFFERS][CacheLines.LINE_BYTES];

  /// Buffers 0 to count - 1 are in use, the oldest first.
  private int count;

  boolean isEmpty() {
    return count == 0;
  }

  boolean hasRoom() {
    return count < BUFFERS;
  }

  int find(long wanted) {
    for (int k = 0; k < count; k++) {
      if (line[k] == wanted) {
        return k;
      }
    }
    return NONE;
  }

  /// Opens a buffer; there is room.
  int open(long newLine) {
    line[count] = newLine;
    valid[count] = 0;
    return count++;
  }

  void write(int buffer, int at, int length, long value) {
    for (int k = 0; k < length; k++) {
      bytes[buffer][at + k] = (byte) (value >>> 8 * k);
      valid[buffer] |= 1L << at + k;
    }
  }

  boolean isFull(int buffer) {
    return valid[buffer] == FULL;
  }

  long line(int buffer) {
    return line[buffer];
  }

  /// Whether byte `at` of the line is in the buffer.
  boolean holds(int buffer, int at) {
    return (valid[buffer] >>> at & 1) != 0;
  }

  byte valueAt(int buffer, int at) {
    return bytes[buffer][at];
  }

  /// Forgets a buffer whose contents went to memory.
  void close(int closed) {
    byte[] free = bytes[closed];
    count--;
    for (int k = closed; k < count; k++) {
      line[k] = line[k + 1];
      valid[k] = valid[k + 1];
      bytes[k] = bytes[k + 1];
    }
    bytes[count] = free;
  }

  void save(StateSink sink) {
    sink.putInt(count);
    for (int k = 0; k < count; k++) {
      sink.putLong(line[k]);
      sink.putLong(valid[k]);
      for (int at = 0; at < CacheLines.LINE_BYTES; at++) {
        sink.putInt(holds(k, at) ? bytes[k][at] : 0);
      }
    }
  }
}
