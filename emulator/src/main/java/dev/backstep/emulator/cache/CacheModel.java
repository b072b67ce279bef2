package dev.backstep.emulator.cache;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.cache.UnseenMemory.Line;
import dev.backstep.emulator.device.DmaPath;
import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.device.Stateful;
import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.EventPort;
import java.util.TreeMap;
import java.util.function.LongUnaryOperator;

/// The caches of all processors of a machine, and the way of devices to the memory behind them.
/// Lives as long as the RAM.
public final class CacheModel implements DmaPath, Stateful {
  private static final String DEVICE_READ = "device-read";
  private static final String DEVICE_WRITE = "device-write";

  private final GuestRam ram;
  private final CacheRules rules;
  private final CacheReport report;
  private final CoherentLines lines;

  /// By the number of the vCPU: some may be missing.
  private final TreeMap<Integer, ProcessorCache> processors = new TreeMap<>();

  /// @param ram what the processors see
  /// @param origin where and when events happen
  /// @param gpaOfRam the guest-physical address of a RAM offset, for events
  public CacheModel(
      GuestRam ram,
      CacheRules rules,
      EventPort events,
      EventOrigin origin,
      LongUnaryOperator gpaOfRam) {
    this.ram = ram;
    this.rules = rules;
    report = new CacheReport(events, origin, gpaOfRam);
    lines = new CoherentLines(ram, report);
  }

  /// The cache of a vCPU, which keeps it when it is reset.
  public ProcessorCache processor(int number) {
    ProcessorCache known = processors.get(number);
    if (known != null) {
      return known;
    }
    CacheLines own = lines.addCache(number);
    ProcessorCache added = new ProcessorCache(lines, own, rules, ram, report);
    processors.put(number, added);
    return added;
  }

  /// The machine is reset. SDM Vol. 3 table "Processor State Following Power-up, Reset, or INIT":
  /// caches are invalid then, and what was modified is lost. The caches below a hypervisor are not
  /// the guest's: there nothing is lost. Combining buffers have long emptied.
  public void reset() {
    for (ProcessorCache processor : processors.values()) {
      processor.reset();
    }
  }

  @Override
  public int read(long ramOffset, byte[] into, int at, int length, Snooping snooping) {
    long line = CoherentLines.lineOf(ramOffset);
    if (snooping == Snooping.CACHES) {
      lines.snoopForDevice(line, DEVICE_READ);
    }
    Line memory = lines.memoryBehind(line);
    int stale = 0;
    int inLine = CoherentLines.inLine(ramOffset);
    for (int k = 0; k < length; k++) {
      byte seen = ram.getByte(ramOffset + k);
      into[at + k] = memory == null ? seen : memory.bytes[inLine + k];
      stale += into[at + k] == seen ? 0 : 1;
    }
    return stale;
  }

  @Override
  public int write(long ramOffset, byte[] from, int at, int length, Snooping snooping) {
    long line = CoherentLines.lineOf(ramOffset);
    if (snooping == Snooping.CACHES) {
      lines.invalidateAll(line, "", DEVICE_WRITE);
    }
    if (!lines.isCached(line)) {
      for (int k = 0; k < length; k++) {
        ram.putByte(ramOffset + k, from[at + k]);
      }
      ram.wrote(ramOffset, length);
      return 0;
    }
    Line memory = lines.memoryToWrite(line);
    int unseen = 0;
    for (int k = 0; k < length; k++) {
      memory.bytes[CoherentLines.inLine(ramOffset) + k] = from[at + k];
      unseen += from[at + k] == ram.getByte(ramOffset + k) ? 0 : 1;
    }
    return unseen;
  }

  @Override
  public void save(StateSink sink) {
    for (ProcessorCache processor : processors.values()) {
      processor.save(sink);
    }
    lines.save(sink);
  }
}
