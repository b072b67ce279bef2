package dev.backstep.emulator.cache;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Caches written down as they are drawn in books: each line has bytes of its own. What
/// [CacheModel] is compared with.
final class NaiveCaches {
  static final int LINE = 64;

  private static final class Line {
    final int number;
    final byte[] bytes;
    boolean dirty;
    boolean shared;

    Line(int number, byte[] bytes, boolean shared) {
      this.number = number;
      this.bytes = bytes;
      this.shared = shared;
    }
  }

  private static final class Buffer {
    final int line;
    final @Nullable Byte[] bytes = new Byte[LINE];

    Buffer(int line) {
      this.line = line;
    }
  }

  private static final class Cpu {
    /// The most recently used first.
    final List<Line> lines = new ArrayList<>();

    /// The oldest first.
    final List<Buffer> buffers = new ArrayList<>();

    @Nullable Line find(int number) {
      return lines.stream().filter(line -> line.number == number).findFirst().orElse(null);
    }
  }

  final byte[] memory;
  private final List<Cpu> cpus = new ArrayList<>();

  NaiveCaches(int bytes, int count) {
    memory = new byte[bytes];
    for (int k = 0; k < count; k++) {
      cpus.add(new Cpu());
    }
  }

  private static void copyToMemory(byte[] memory, Line line) {
    System.arraycopy(line.bytes, 0, memory, line.number * LINE, LINE);
    line.dirty = false;
  }

  private void clean(Line line) {
    if (line.dirty) {
      copyToMemory(memory, line);
    }
  }

  private void drop(Cpu cpu, int number) {
    Line line = cpu.find(number);
    if (line != null) {
      clean(line);
      cpu.lines.remove(line);
    }
  }

  private void dropElsewhere(Cpu own, int number) {
    cpus.stream().filter(cpu -> cpu != own).forEach(cpu -> drop(cpu, number));
  }

  private void dropAll(int number) {
    cpus.forEach(cpu -> drop(cpu, number));
  }

  /// Others become sharers; gives one of their lines.
  private @Nullable Line share(Cpu own, int number) {
    Line found = null;
    for (Cpu cpu : cpus) {
      Line line = cpu == own ? null : cpu.find(number);
      if (line != null) {
        clean(line);
        line.shared = true;
        found = line;
      }
    }
    return found;
  }

  private Line fill(Cpu own, int number) {
    Line line = own.find(number);
    if (line == null) {
      Line other = share(own, number);
      byte[] bytes = new byte[LINE];
      System.arraycopy(
          other == null ? memory : other.bytes, other == null ? number * LINE : 0, bytes, 0, LINE);
      line = new Line(number, bytes, other != null);
      List<Line> set =
          own.lines.stream().filter(l -> (l.number ^ number) % CacheLines.SETS == 0).toList();
      if (set.size() == CacheLines.WAYS) {
        clean(set.getLast());
        own.lines.remove(set.getLast());
      }
    } else {
      own.lines.remove(line);
    }
    own.lines.addFirst(line);
    return line;
  }

  private static long get(byte[] bytes, int at, int count) {
    long value = 0;
    for (int k = count - 1; k >= 0; k--) {
      value = value << 8 | bytes[at + k] & 0xFF;
    }
    return value;
  }

  private static void put(byte[] bytes, int at, int count, long value) {
    for (int k = 0; k < count; k++) {
      bytes[at + k] = (byte) (value >>> 8 * k);
    }
  }

  /// The access lies in one line.
  long load(int processor, int at, int count, CacheUse use) {
    Cpu own = cpus.get(processor);
    int number = at / LINE;
    empty(own, number);
    switch (use) {
      case UNCACHED, COMBINED -> {
        if (use == CacheUse.UNCACHED) {
          drain(processor);
        }
        drop(own, number);
        share(own, number);
        return get(memory, at, count);
      }
      case WRITE_THROUGH, WRITE_PROTECTED, WRITE_BACK -> {
        return get(fill(own, number).bytes, at % LINE, count);
      }
      case NO_FILL -> {
        if (own.find(number) != null) {
          return get(fill(own, number).bytes, at % LINE, count);
        }
        Line other = share(own, number);
        return other == null ? get(memory, at, count) : get(other.bytes, at % LINE, count);
      }
    }
    throw new AssertionError(use);
  }

  void store(int processor, int at, int count, long value, CacheUse use, boolean nonTemporal) {
    Cpu own = cpus.get(processor);
    int number = at / LINE;
    boolean hinted = nonTemporal && (use == CacheUse.WRITE_BACK || use == CacheUse.WRITE_THROUGH);
    if (use == CacheUse.COMBINED || hinted) {
      combine(own, at, count, value);
      return;
    }
    empty(own, number);
    Line line = own.find(number);
    switch (use) {
      case WRITE_BACK -> writeBack(own, at, count, value);
      case WRITE_THROUGH -> {
        if (line != null) {
          clean(line);
          put(line.bytes, at % LINE, count, value);
        }
        dropElsewhere(own, number);
        put(memory, at, count, value);
      }
      case UNCACHED, WRITE_PROTECTED, COMBINED -> {
        if (use == CacheUse.UNCACHED) {
          drain(processor);
        }
        dropAll(number);
        put(memory, at, count, value);
      }
      case NO_FILL -> {
        if (line == null) {
          dropAll(number);
          put(memory, at, count, value);
        } else if (line.shared) {
          dropElsewhere(own, number);
          line.shared = false;
          put(line.bytes, at % LINE, count, value);
          put(memory, at, count, value);
        } else {
          writeBack(own, at, count, value);
        }
      }
    }
  }

  private void writeBack(Cpu own, int at, int count, long value) {
    Line line = fill(own, at / LINE);
    dropElsewhere(own, at / LINE);
    line.dirty = true;
    line.shared = false;
    put(line.bytes, at % LINE, count, value);
  }

  private void combine(Cpu own, int at, int count, long value) {
    int number = at / LINE;
    drop(own, number);
    Buffer buffer = own.buffers.stream().filter(b -> b.line == number).findFirst().orElse(null);
    if (buffer == null) {
      if (own.buffers.size() == CombiningBuffers.BUFFERS) {
        empty(own, own.buffers.getFirst().line);
      }
      buffer = new Buffer(number);
      own.buffers.add(buffer);
    }
    for (int k = 0; k < count; k++) {
      buffer.bytes[at % LINE + k] = (byte) (value >>> 8 * k);
    }
    if (!java.util.Arrays.asList(buffer.bytes).contains(null)) {
      empty(own, number);
    }
  }

  private void empty(Cpu own, int number) {
    for (Buffer buffer : List.copyOf(own.buffers)) {
      if (buffer.line == number) {
        dropAll(number);
        for (int k = 0; k < LINE; k++) {
          Byte value = buffer.bytes[k];
          if (value != null) {
            memory[number * LINE + k] = value;
          }
        }
        own.buffers.remove(buffer);
      }
    }
  }

  void drain(int processor) {
    Cpu own = cpus.get(processor);
    List.copyOf(own.buffers).forEach(buffer -> empty(own, buffer.line));
  }

  void flush(int processor, int at) {
    empty(cpus.get(processor), at / LINE);
    dropAll(at / LINE);
  }

  void cleanLine(int processor, int at) {
    empty(cpus.get(processor), at / LINE);
    for (Cpu cpu : cpus) {
      Line line = cpu.find(at / LINE);
      if (line != null) {
        if (line.dirty) {
          line.shared = false;
        }
        clean(line);
      }
    }
  }

  void wbinvd(int processor) {
    cpus.get(processor).lines.forEach(this::clean);
    cpus.get(processor).lines.clear();
  }

  void wbnoinvd(int processor) {
    cpus.get(processor).lines.forEach(this::clean);
  }

  void invd(int processor) {
    cpus.get(processor).lines.clear();
  }

  void deviceWrites(int at, int count, long value, boolean snoops) {
    if (snoops) {
      dropAll(at / LINE);
    }
    put(memory, at, count, value);
  }

  long deviceReads(int at, int count, boolean snoops) {
    if (snoops) {
      cleanLine(at);
    }
    return get(memory, at, count);
  }

  private void cleanLine(int at) {
    for (Cpu cpu : cpus) {
      Line line = cpu.find(at / LINE);
      if (line != null) {
        clean(line);
      }
    }
  }

  /// What processors see of a line that is in no buffer.
  byte[] seen(int number) {
    for (Cpu cpu : cpus) {
      Line line = cpu.find(number);
      if (line != null) {
        return line.bytes;
      }
    }
    byte[] bytes = new byte[LINE];
    System.arraycopy(memory, number * LINE, bytes, 0, LINE);
    return bytes;
  }
}
