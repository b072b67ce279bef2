package dev.backstep.emulator.cache;

import dev.backstep.emulator.device.StateSink;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What memory holds of lines of which the processors see something else: they have modified them,
/// or a device wrote memory while they were cached. Never more lines than all caches together.
final class UnseenMemory {
  /// One line of memory.
  static final class Line {
    final byte[] bytes = new byte[CacheLines.LINE_BYTES];

    /// Whether a device wrote it while the processors had a copy.
    boolean fromDevice;

    /// Whether a processor has read its copy since then.
    boolean staleReadSeen;

    long read(int at, int count) {
      long value = 0;
      for (int k = count - 1; k >= 0; k--) {
        value = value << 8 | bytes[at + k] & 0xFF;
      }
      return value;
    }

    void write(int at, int count, long value) {
      for (int k = 0; k < count; k++) {
        bytes[at + k] = (byte) (value >>> 8 * k);
      }
    }
  }

  private final TreeMap<Long, Line> lines = new TreeMap<>();

  /// The line as memory holds it, or null if that is what the processors see.
  @Nullable Line find(long line) {
    return lines.isEmpty() ? null : lines.get(line);
  }

  void put(long line, Line contents) {
    lines.put(line, contents);
  }

  void remove(long line) {
    lines.remove(line);
  }

  void save(StateSink sink) {
    sink.putInt(lines.size());
    for (long line : lines.navigableKeySet()) {
      Line contents = Objects.requireNonNull(lines.get(line));
      sink.putLong(line);
      sink.putBytes(contents.bytes);
      sink.putFlag(contents.fromDevice);
      sink.putFlag(contents.staleReadSeen);
    }
  }
}
