package dev.backstep.emulator.cache;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.cache.UnseenMemory.Line;
import dev.backstep.emulator.device.StateSink;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The lines of all processors, memory, and what keeps them coherent with each other: MESI. SDM
/// Vol. 3 "Cache Control Protocol", "Methods of Caching Available".
///
/// `own` is the cache of the processor that makes an access, `use` how it makes it.
final class CoherentLines {
  /// Reasons that `cache` events give, where they are more than one caller's.
  static final String UNCACHED_ACCESS = "uncached-access";

  private static final String NO_TYPE = "";

  private final GuestRam ram;
  private CacheLines[] caches = {};
  private final UnseenMemory unseen = new UnseenMemory();
  private final CacheReport report;

  CoherentLines(GuestRam ram, CacheReport report) {
    this.ram = ram;
    this.report = report;
  }

  /// Adds the cache of processor `number`.
  CacheLines addCache(int number) {
    CacheLines added = new CacheLines(number);
    caches = Arrays.copyOf(caches, caches.length + 1);
    caches[caches.length - 1] = added;
    return added;
  }

  // What processors and memory hold.

  /// 1 to 8 bytes of one line as the processors see them.
  long seen(long ramOffset, int bytes) {
    return ram.load(ramOffset, bytes);
  }

  /// The same as memory holds them.
  long inMemory(long ramOffset, int bytes) {
    Line memory = unseen.find(lineOf(ramOffset));
    return memory == null ? ram.load(ramOffset, bytes) : memory.read(inLine(ramOffset), bytes);
  }

  static long lineOf(long ramOffset) {
    return ramOffset >>> CacheLines.LINE_SHIFT;
  }

  static int inLine(long ramOffset) {
    return (int) ramOffset & CacheLines.LINE_BYTES - 1;
  }

  private void writeSeen(long ramOffset, int bytes, long value) {
    ram.store(ramOffset, bytes, value);
    ram.wrote(ramOffset, bytes);
  }

  /// Writes to what the processors see, and to memory.
  private void writeBoth(long ramOffset, int bytes, long value) {
    Line memory = unseen.find(lineOf(ramOffset));
    if (memory != null) {
      memory.write(inLine(ramOffset), bytes, value);
    }
    writeSeen(ramOffset, bytes, value);
  }

  boolean isCached(long line) {
    for (CacheLines cache : caches) {
      if (cache.find(line) != CacheLines.MISS) {
        return true;
      }
    }
    return false;
  }

  /// From now on memory holds what it holds now, whatever the processors come to see.
  private Line keepMemory(long line) {
    Line memory = unseen.find(line);
    if (memory == null) {
      memory = new Line();
      copyFromRam(line, memory.bytes);
      unseen.put(line, memory);
    }
    return memory;
  }

  private void copyFromRam(long line, byte[] bytes) {
    long from = line << CacheLines.LINE_SHIFT;
    MemorySegment.copy(ram.segment(), ValueLayout.JAVA_BYTE, from, bytes, 0, CacheLines.LINE_BYTES);
  }

  private boolean isSeen(Line memory, long line) {
    MemorySegment held = MemorySegment.ofArray(memory.bytes);
    long at = line << CacheLines.LINE_SHIFT;
    return MemorySegment.mismatch(
            held, 0, CacheLines.LINE_BYTES, ram.segment(), at, at + CacheLines.LINE_BYTES)
        < 0;
  }

  /// Once no processor holds a line any more, all of them see what memory holds.
  private void uncover(long line) {
    Line memory = unseen.find(line);
    if (memory == null || isCached(line)) {
      return;
    }
    unseen.remove(line);
    long at = line << CacheLines.LINE_SHIFT;
    MemorySegment.copy(
        memory.bytes, 0, ram.segment(), ValueLayout.JAVA_BYTE, at, CacheLines.LINE_BYTES);
    ram.wrote(at, CacheLines.LINE_BYTES);
  }

  // What happens to a line in one cache.

  private void writeBack(CacheLines holder, long line, LineState after, String type, String why) {
    Line memory = unseen.find(line);
    if (memory != null && memory.fromDevice && !isSeen(memory, line)) {
      report.tell(CacheReport.LOST, line, holder.owner(), type, "writeback-over-dma");
    }
    unseen.remove(line);
    holder.setState(line, after);
    report.tell(CacheReport.WRITE_BACK, line, holder.owner(), type, why);
  }

  /// Writes a line back if it is modified, and takes it out.
  void invalidate(CacheLines holder, long line, String type, String why) {
    switch (holder.stateOf(line)) {
      case INVALID -> {}
      case SHARED, EXCLUSIVE -> drop(holder, line);
      case MODIFIED -> {
        writeBack(holder, line, LineState.EXCLUSIVE, type, why);
        drop(holder, line);
      }
    }
  }

  private void drop(CacheLines holder, long line) {
    holder.remove(line);
    uncover(line);
  }

  /// Takes a line out; what was modified is lost.
  void discard(CacheLines holder, long line, String why) {
    Line memory = unseen.find(line);
    boolean modified = holder.stateOf(line) == LineState.MODIFIED;
    if (modified && memory != null && !isSeen(memory, line)) {
      report.tell(CacheReport.LOST, line, holder.owner(), NO_TYPE, why);
    }
    drop(holder, line);
  }

  /// Writes a line back if it is modified, and keeps it.
  void clean(CacheLines holder, long line, String why) {
    if (holder.stateOf(line) == LineState.MODIFIED) {
      writeBack(holder, line, LineState.EXCLUSIVE, NO_TYPE, why);
    }
  }

  /// Invalidates a line in every cache.
  void invalidateAll(long line, String type, String why) {
    for (CacheLines cache : caches) {
      invalidate(cache, line, type, why);
    }
  }

  private void invalidateElsewhere(CacheLines own, long line, String type) {
    for (CacheLines cache : caches) {
      if (cache != own) {
        invalidate(cache, line, type, "write-by-another");
      }
    }
  }

  /// Others see that `own` reads a line.
  ///
  /// @return whether one of them holds it
  private boolean snoopForRead(CacheLines own, long line, String type) {
    boolean found = false;
    for (CacheLines cache : caches) {
      LineState state = cache == own ? LineState.INVALID : cache.stateOf(line);
      switch (state) {
        case INVALID -> {}
        case SHARED -> found = true;
        case EXCLUSIVE -> {
          cache.setState(line, LineState.SHARED);
          found = true;
        }
        case MODIFIED -> {
          writeBack(cache, line, LineState.SHARED, type, "read-by-another");
          found = true;
        }
      }
    }
    return found;
  }

  // What processors do.

  /// A load of cacheable memory, or a prefetch.
  void fill(CacheLines own, long line, CacheUse use) {
    if (own.find(line) != CacheLines.MISS) {
      own.use(line);
      return;
    }
    boolean shared = snoopForRead(own, line, use.label());
    int victim = own.victim(line);
    if (own.state(victim) != LineState.INVALID) {
      invalidate(own, own.line(victim), use.label(), "eviction");
    }
    own.put(line, shared ? LineState.SHARED : LineState.EXCLUSIVE);
  }

  /// A load in no-fill mode: what is cached is used.
  void readWithoutFill(CacheLines own, long line) {
    if (own.find(line) == CacheLines.MISS) {
      snoopForRead(own, line, CacheUse.NO_FILL.label());
    } else {
      own.use(line);
    }
  }

  /// A load of UC or WC memory. A cached alias of it is written back and dropped (self-snooping:
  /// CPUID.01H:EDX.SS).
  long readUncached(CacheLines own, long ramOffset, int bytes, CacheUse use) {
    long line = lineOf(ramOffset);
    invalidate(own, line, use.label(), UNCACHED_ACCESS);
    snoopForRead(own, line, use.label());
    return inMemory(ramOffset, bytes);
  }

  /// A store to WB memory: write-allocate.
  void writeCached(CacheLines own, long ramOffset, int bytes, long value) {
    long line = lineOf(ramOffset);
    String type = CacheUse.WRITE_BACK.label();
    fill(own, line, CacheUse.WRITE_BACK);
    modify(own, ramOffset, bytes, value, type);
  }

  private void modify(CacheLines own, long ramOffset, int bytes, long value, String type) {
    long line = lineOf(ramOffset);
    if (own.stateOf(line) != LineState.MODIFIED) {
      invalidateElsewhere(own, line, type);
      keepMemory(line);
      own.setState(line, LineState.MODIFIED);
    }
    writeSeen(ramOffset, bytes, value);
  }

  /// A store to WT memory: cached copies of the writer are kept up to date, none is made.
  void writeThrough(CacheLines own, long ramOffset, int bytes, long value, CacheUse use) {
    long line = lineOf(ramOffset);
    if (own.stateOf(line) == LineState.MODIFIED) {
      writeBack(own, line, LineState.EXCLUSIVE, use.label(), "write-through");
    }
    invalidateElsewhere(own, line, use.label());
    writeBoth(ramOffset, bytes, value);
  }

  /// A store to WP or UC memory: all cached copies are invalidated.
  void writeUncached(long ramOffset, int bytes, long value, CacheUse use, String why) {
    invalidateAll(lineOf(ramOffset), use.label(), why);
    writeBoth(ramOffset, bytes, value);
  }

  /// A store in no-fill mode: hits update the cache, and memory, too, if the line is shared; misses
  /// update memory.
  void writeWithoutFill(CacheLines own, long ramOffset, int bytes, long value) {
    long line = lineOf(ramOffset);
    String type = CacheUse.NO_FILL.label();
    switch (own.stateOf(line)) {
      case INVALID ->
          writeUncached(ramOffset, bytes, value, CacheUse.NO_FILL, "no-fill-write-miss");
      case SHARED -> {
        invalidateElsewhere(own, line, type);
        own.setState(line, LineState.EXCLUSIVE);
        writeBoth(ramOffset, bytes, value);
      }
      case EXCLUSIVE, MODIFIED -> {
        own.use(line);
        modify(own, ramOffset, bytes, value, type);
      }
    }
  }

  /// Notes that a processor read `value` of its copy, if memory has held something else since a
  /// device wrote it. Told once for each line and device write.
  void noteRead(CacheLines own, long ramOffset, int bytes, long value, CacheUse use) {
    Line memory = unseen.find(lineOf(ramOffset));
    if (memory == null || !memory.fromDevice || memory.staleReadSeen) {
      return;
    }
    if (memory.read(inLine(ramOffset), bytes) != value) {
      memory.staleReadSeen = true;
      report.tell(
          CacheReport.STALE_READ,
          lineOf(ramOffset),
          own.owner(),
          use.label(),
          "device-wrote-memory");
    }
  }

  // What a device that snoops nothing does.

  /// The line as memory holds it, or null if that is what the processors see.
  @Nullable Line memoryBehind(long line) {
    return unseen.find(line);
  }

  /// What memory holds of a line that processors have a copy of, to be written by a device.
  Line memoryToWrite(long line) {
    Line memory = keepMemory(line);
    memory.fromDevice = true;
    memory.staleReadSeen = false;
    return memory;
  }

  /// Writes back what a snooping device is about to read.
  void snoopForDevice(long line, String why) {
    for (CacheLines cache : caches) {
      clean(cache, line, why);
    }
  }

  void save(StateSink sink) {
    unseen.save(sink);
  }
}
