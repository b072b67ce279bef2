package dev.backstep.emulator.execution;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Remembers, for each vCPU that ever ran, the blocks found lately, by RIP and translation epoch:
/// what an indirect branch or a fresh epoch asks before the page tables are consulted.
final class JumpCaches {
  private static final int SLOTS = 4096;

  private static final class JumpCache {
    final CodeBlock[] blocks = new CodeBlock[SLOTS];
    final long[] epochs = new long[SLOTS];

    JumpCache() {
      Arrays.fill(blocks, CodeBlock.NONE);
      Arrays.fill(epochs, -1);
    }
  }

  private final List<@Nullable JumpCache> byVcpu = new ArrayList<>();

  /// The block at the vCPU's RIP, if its place is known to hold in this epoch; else null.
  @Nullable CodeBlock find(Vcpu c) {
    int slot = slot(c.rip);
    JumpCache cache = cacheOf(c);
    CodeBlock b = cache.blocks[slot];
    if (b.rip != c.rip || cache.epochs[slot] != c.translationEpoch || !b.valid) {
      return null;
    }
    CodeBlock.Place place = b.place;
    if (place.mode() != c.mode) {
      return null;
    }
    if (c.mode == CpuMode.LONG64) {
      return b;
    }
    SegmentRegister cs = c.segments[SegmentRegister.CS];
    long last = c.rip + b.bytes.length - 1;
    return place.codeBase() == cs.base && last <= Integer.toUnsignedLong(cs.limit) ? b : null;
  }

  void enter(Vcpu c, CodeBlock b) {
    int slot = slot(b.rip);
    JumpCache cache = cacheOf(c);
    cache.blocks[slot] = b;
    cache.epochs[slot] = c.translationEpoch;
  }

  private JumpCache cacheOf(Vcpu c) {
    while (byVcpu.size() <= c.number) {
      byVcpu.add(null);
    }
    JumpCache cache = byVcpu.get(c.number);
    if (cache == null) {
      cache = new JumpCache();
      byVcpu.set(c.number, cache);
    }
    return cache;
  }

  private static int slot(long rip) {
    return (int) (rip ^ rip >>> 12) & SLOTS - 1;
  }
}
