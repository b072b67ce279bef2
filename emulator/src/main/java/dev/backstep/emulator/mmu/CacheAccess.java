package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.cache.CacheUse;
import dev.backstep.emulator.cache.ProcessorCache;

/// One vCPU's accesses to translated pages with caches modelled. RAM that is read at one place and
/// written at another (shadowed ROM) is not cached, nor is ROM; devices' memory is accessed at once
/// whatever its type, and if that is UC, empties the combining buffers first.
final class CacheAccess {
  static final long NO_LINE = PhysicalBus.NOT_RAM;

  private final ProcessorCache cache;
  private final MemoryTypes types;
  private final PhysicalAccess physical;

  CacheAccess(ProcessorCache cache, MemoryTypes types, PhysicalAccess physical) {
    this.cache = cache;
    this.types = types;
    this.physical = physical;
  }

  /// The RAM offset of `gva` if it is RAM that can be cached, else [#NO_LINE].
  static long ramOffset(Tlb tlb, int entry, long gva) {
    long ramPage = tlb.ramForRead(entry);
    boolean plain = ramPage != PhysicalBus.NOT_RAM && ramPage == tlb.ramForWrite(entry);
    return plain ? ramPage + (gva & 0xFFF) : NO_LINE;
  }

  /// How accesses to an entry's page use the cache.
  CacheUse use(Tlb tlb, int entry) {
    int known = Tlb.cacheUse(tlb.flags(entry));
    if (known != 0) {
      return CacheUse.numbered(known - 1);
    }
    CacheUse use = types.cacheUse(tlb.gpaPage(entry), tlb.flags(entry));
    tlb.setCacheUse(entry, use.ordinal() + 1);
    return use;
  }

  long read(Tlb tlb, int entry, long gva, int bytes) {
    CacheUse use = use(tlb, entry);
    long ramOffset = ramOffset(tlb, entry, gva);
    if (ramOffset != NO_LINE) {
      return cache.load(ramOffset, bytes, use);
    }
    drainBefore(use);
    long ramPage = tlb.ramForRead(entry);
    return ramPage == PhysicalBus.NOT_RAM
        ? physical.readDevice(tlb.gpa(entry, gva), bytes)
        : physical.readRam(ramPage + (gva & 0xFFF), bytes);
  }

  void write(Tlb tlb, int entry, long gva, int bytes, long value) {
    CacheUse use = use(tlb, entry);
    long ramOffset = ramOffset(tlb, entry, gva);
    if (ramOffset != NO_LINE) {
      cache.store(ramOffset, bytes, value, use);
      return;
    }
    drainBefore(use);
    long ramPage = tlb.ramForWrite(entry);
    if (ramPage == PhysicalBus.NOT_RAM) {
      physical.writeDevice(tlb.gpa(entry, gva), bytes, value);
    } else {
      physical.writeRam(ramPage + (gva & 0xFFF), bytes, value);
    }
  }

  private void drainBefore(CacheUse use) {
    if (use == CacheUse.UNCACHED || use == CacheUse.NO_FILL) {
      cache.drain("uncached-access");
    }
  }
}
