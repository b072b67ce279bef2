package dev.backstep.emulator.cache;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.device.StateSink;

/// One processor's accesses to RAM, through its cache and its write-combining buffers. Addresses
/// are RAM offsets; an access may cross lines but no page.
public final class ProcessorCache {
  private static final String RESET = "reset";
  private static final String OWN_ACCESS = "own-access";

  private final CoherentLines lines;
  private final CacheLines own;
  private final CombiningBuffers buffers = new CombiningBuffers();
  private final CacheRules rules;
  private final GuestRam ram;
  private final CacheReport report;

  /// Whether the running instruction's stores carry the non-temporal hint.
  private boolean nonTemporal;

  ProcessorCache(
      CoherentLines lines, CacheLines own, CacheRules rules, GuestRam ram, CacheReport report) {
    this.lines = lines;
    this.own = own;
    this.rules = rules;
    this.ram = ram;
    this.report = report;
  }

  /// Reads 1 to 8 bytes, zero-extended.
  public long load(long ramOffset, int bytes, CacheUse use) {
    int first = CacheLines.LINE_BYTES - CoherentLines.inLine(ramOffset);
    if (bytes <= first) {
      return loadPart(ramOffset, bytes, use);
    }
    long low = loadPart(ramOffset, first, use);
    return low | loadPart(ramOffset + first, bytes - first, use) << 8 * first;
  }

  private long loadPart(long ramOffset, int bytes, CacheUse use) {
    long line = CoherentLines.lineOf(ramOffset);
    empty(line, OWN_ACCESS);
    switch (use) {
      case UNCACHED -> {
        drain(CoherentLines.UNCACHED_ACCESS);
        return lines.readUncached(own, ramOffset, bytes, use);
      }
      case COMBINED -> {
        return lines.readUncached(own, ramOffset, bytes, use);
      }
      case WRITE_THROUGH, WRITE_PROTECTED, WRITE_BACK -> lines.fill(own, line, use);
      case NO_FILL -> lines.readWithoutFill(own, line);
    }
    long value = lines.seen(ramOffset, bytes);
    lines.noteRead(own, ramOffset, bytes, value, use);
    return value;
  }

  /// Writes 1 to 8 bytes.
  public void store(long ramOffset, int bytes, long value, CacheUse use) {
    int first = CacheLines.LINE_BYTES - CoherentLines.inLine(ramOffset);
    if (bytes <= first) {
      storePart(ramOffset, bytes, value, use);
      return;
    }
    storePart(ramOffset, first, value, use);
    storePart(ramOffset + first, bytes - first, value >>> 8 * first, use);
  }

  private void storePart(long ramOffset, int bytes, long value, CacheUse use) {
    if (isCombined(use)) {
      combine(ramOffset, bytes, value, use);
      return;
    }
    empty(CoherentLines.lineOf(ramOffset), OWN_ACCESS);
    switch (use) {
      case UNCACHED, COMBINED -> {
        drain(CoherentLines.UNCACHED_ACCESS);
        lines.writeUncached(ramOffset, bytes, value, use, CoherentLines.UNCACHED_ACCESS);
      }
      case WRITE_THROUGH -> lines.writeThrough(own, ramOffset, bytes, value, use);
      case WRITE_PROTECTED -> lines.writeUncached(ramOffset, bytes, value, use, "wp-write");
      case WRITE_BACK -> lines.writeCached(own, ramOffset, bytes, value);
      case NO_FILL -> lines.writeWithoutFill(own, ramOffset, bytes, value);
    }
  }

  /// A page walk is about to read at `ramOffset`: it sees what its own processor stored there.
  public void beforeWalk(long ramOffset) {
    empty(CoherentLines.lineOf(ramOffset), OWN_ACCESS);
  }

  /// Writes a page-table entry, as a page walk does whatever hint the running instruction carries.
  public void storeEntry(long ramOffset, int bytes, long value) {
    boolean hint = nonTemporal;
    nonTemporal = false;
    store(ramOffset, bytes, value, CacheUse.WRITE_BACK);
    nonTemporal = hint;
  }

  /// SDM Vol. 1 "Caching of Temporal vs. Non-Temporal Data": the hint makes a store WC, except to
  /// UC and WP memory.
  private boolean isCombined(CacheUse use) {
    return switch (use) {
      case COMBINED -> true;
      case WRITE_BACK, WRITE_THROUGH -> nonTemporal;
      case UNCACHED, WRITE_PROTECTED, NO_FILL -> false;
    };
  }

  private void combine(long ramOffset, int bytes, long value, CacheUse use) {
    long line = CoherentLines.lineOf(ramOffset);
    lines.invalidate(own, line, use.label(), "combining-store");
    int buffer = buffers.find(line);
    if (buffer == CombiningBuffers.NONE) {
      if (!buffers.hasRoom()) {
        empty(0, use, "buffer-needed");
      }
      buffer = buffers.open(line);
    }
    buffers.write(buffer, CoherentLines.inLine(ramOffset), bytes, value);
    if (buffers.isFull(buffer)) {
      empty(buffer, use, "full");
    }
  }

  /// The accesses that follow are those of a non-temporal store.
  public void beginNonTemporal() {
    nonTemporal = true;
  }

  public void endNonTemporal() {
    nonTemporal = false;
  }

  /// Writes all combining buffers to memory, the oldest first: fences, serialising and locked
  /// instructions, interrupts and exceptions, accesses to ports and to UC memory. APM Vol. 2 "Write
  /// Combining"; SDM Vol. 3 "Buffering of Write Combining Memory Locations".
  public void drain(String why) {
    while (!buffers.isEmpty()) {
      empty(0, CacheUse.COMBINED, why);
    }
  }

  private void empty(long line, String why) {
    if (!buffers.isEmpty()) {
      int buffer = buffers.find(line);
      if (buffer != CombiningBuffers.NONE) {
        empty(buffer, CacheUse.COMBINED, why);
      }
    }
  }

  private void empty(int buffer, CacheUse use, String why) {
    long line = buffers.line(buffer);
    lines.invalidateAll(line, use.label(), "combined-write");
    long at = line << CacheLines.LINE_SHIFT;
    for (int k = 0; k < CacheLines.LINE_BYTES; k++) {
      if (buffers.holds(buffer, k)) {
        ram.putByte(at + k, buffers.valueAt(buffer, k));
      }
    }
    ram.wrote(at, CacheLines.LINE_BYTES);
    buffers.close(buffer);
    report.tell(CacheReport.COMBINED, line, own.owner(), use.label(), why);
  }

  /// CLFLUSH, CLFLUSHOPT: writes the line back and invalidates it in every processor's cache. SDM
  /// Vol. 2 "CLFLUSH".
  public void flush(long ramOffset) {
    long line = CoherentLines.lineOf(ramOffset);
    empty(line, "clflush");
    lines.invalidateAll(line, "", "clflush");
  }

  /// CLWB: writes the line back and keeps it, which the processor may do. SDM Vol. 2 "CLWB".
  public void writeBack(long ramOffset) {
    long line = CoherentLines.lineOf(ramOffset);
    empty(line, "clwb");
    lines.snoopForDevice(line, "clwb");
  }

  /// PREFETCHh, where it names cacheable memory: brings the line in.
  public void prefetch(long ramOffset, CacheUse use) {
    switch (use) {
      case WRITE_BACK, WRITE_THROUGH, WRITE_PROTECTED ->
          lines.fill(own, CoherentLines.lineOf(ramOffset), use);
      case UNCACHED, COMBINED, NO_FILL -> {}
    }
  }

  /// WBINVD.
  public void writeBackAndInvalidateAll() {
    if (rules.writesBackOnWbinvd()) {
      for (long line : own.held()) {
        lines.invalidate(own, line, "", "wbinvd");
      }
    }
  }

  /// WBNOINVD.
  public void writeBackAll() {
    if (rules.writesBackOnWbinvd()) {
      for (long line : own.held()) {
        lines.clean(own, line, "wbnoinvd");
      }
    }
  }

  /// INVD: what is modified is lost.
  public void invalidateAll() {
    if (rules.dropsLinesOnInvd()) {
      discardAll("invd");
    }
  }

  private void discardAll(String why) {
    for (long line : own.held()) {
      lines.discard(own, line, why);
    }
  }

  /// Empties everything; see [CacheModel#reset].
  void reset() {
    drain(RESET);
    if (rules.dropsLinesOnInvd()) {
      discardAll(RESET);
    }
    for (long line : own.held()) {
      lines.invalidate(own, line, "", RESET);
    }
  }

  void save(StateSink sink) {
    own.save(sink);
    buffers.save(sink);
  }
}
