package dev.backstep.emulator.mmu;

import dev.backstep.emulator.cache.ProcessorCache;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// What instructions do to one vCPU's caches and write-combining buffers. Nothing, while caches are
/// not modelled.
public final class CacheControl {
  private final Vcpu c;
  private final LinearMemory memory;
  private final SegmentChecks segmentChecks;
  private @Nullable ProcessorCache cache;

  CacheControl(Vcpu c, LinearMemory memory, SegmentChecks segmentChecks) {
    this.c = c;
    this.memory = memory;
    this.segmentChecks = segmentChecks;
  }

  /// Gives the vCPU a cache. Before it runs.
  public void connect(ProcessorCache newCache) {
    cache = newCache;
    memory.connect(newCache);
  }

  /// CLFLUSH, CLFLUSHOPT of an operand whose checks are done.
  public void flushLine(int segment, long ea) {
    if (cache != null) {
      long ramOffset = ramOffset(segment, ea);
      if (ramOffset != CacheAccess.NO_LINE) {
        cache.flush(ramOffset);
      }
    }
  }

  /// CLWB of an operand whose checks are done.
  public void writeBackLine(int segment, long ea) {
    if (cache != null) {
      long ramOffset = ramOffset(segment, ea);
      if (ramOffset != CacheAccess.NO_LINE) {
        cache.writeBack(ramOffset);
      }
    }
  }

  /// A prefetch: an operand that may not be read is left alone.
  public void prefetch(DecodedInstruction i) {
    if (cache == null) {
      return;
    }
    try {
      int access = access();
      long gva = segmentChecks.linear(i.segment, i.effectiveAddress(c.gpr), 1, access);
      memory.prefetch(gva, access, cache);
    } catch (GuestFault _) {
      // SDM Vol. 2 "PREFETCHh": it is a hint.
    }
  }

  private long ramOffset(int segment, long ea) {
    int access = access();
    return memory.cachedRam(segmentChecks.linear(segment, ea, 1, access), access);
  }

  private int access() {
    int user = c.cpl == 3 ? Access.USER : 0;
    return Access.READ | user | (c.mode == CpuMode.LONG64 ? 0 : Access.WRAP_32);
  }

  /// Writes the combining buffers to memory, because of `why`.
  public void drain(String why) {
    if (cache != null) {
      cache.drain(why);
    }
  }

  /// The stores that follow carry the non-temporal hint.
  public void beginNonTemporal() {
    if (cache != null) {
      cache.beginNonTemporal();
    }
  }

  public void endNonTemporal() {
    if (cache != null) {
      cache.endNonTemporal();
    }
  }

  /// WBINVD.
  public void writeBackAndInvalidateAll() {
    if (cache != null) {
      cache.writeBackAndInvalidateAll();
    }
  }

  /// WBNOINVD.
  public void writeBackAll() {
    if (cache != null) {
      cache.writeBackAll();
    }
  }

  /// INVD.
  public void invalidateAll() {
    if (cache != null) {
      cache.invalidateAll();
    }
  }
}
