package dev.backstep.emulator.execution;

import dev.backstep.emulator.bus.CodeWatch;
import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.execution.CodeBlock.Place;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// All code blocks of a machine, found by where they are, and forgotten when their bytes are
/// written.
///
/// A block that comes back with the same bytes at the same place gets its old number again, so that
/// code which is overwritten over and over does not grow the journal.
public final class BlockCache implements CodeWatch {
  private static final int BUCKETS = 1 << 16;

  /// Blocks whose bytes are not RAM (the guest runs in a hole of the address space) are not kept.
  private static final long NOT_RAM = PhysicalBus.NOT_RAM;

  /// What makes a block the same block.
  private record Identity(Place place, int bytesHash, byte[] bytes) {
    @Override
    public boolean equals(@Nullable Object o) {
      return o instanceof Identity(Place p, int h, byte[] b)
          && h == bytesHash
          && p.equals(place)
          && Arrays.equals(b, bytes);
    }

    @Override
    public int hashCode() {
      return 31 * place.hashCode() + bytesHash;
    }
  }

  /// A block that has bytes in a page.
  private record PageEntry(CodeBlock block, @Nullable PageEntry next) {}

  private final GuestRam ram;
  private final @Nullable CodeBlock[] buckets = new @Nullable CodeBlock[BUCKETS];
  private final @Nullable PageEntry[] pages;
  private final Map<Identity, CodeBlock> everBuilt = new HashMap<>();
  private PhysicalBus bus;
  private List<Vcpu> vcpus = new ArrayList<>();

  public BlockCache(GuestRam ram, PhysicalBus bus) {
    this.ram = ram;
    this.bus = bus;
    pages = new @Nullable PageEntry[Math.toIntExact(ram.size() >>> GuestRam.PAGE_SHIFT)];
    ram.watchCode(this);
  }

  /// Names the vCPUs to tell when pages start to hold code, and forgets every block: their places
  /// need not exist on a new bus.
  public void attach(PhysicalBus newBus, List<Vcpu> newVcpus) {
    bus = newBus;
    vcpus = newVcpus;
    forgetAll();
  }

  /// Forgets every block, as when other memory may be behind their addresses.
  public void forgetAll() {
    Arrays.fill(buckets, null);
    for (int page = 0; page < pages.length; page++) {
      for (PageEntry e = pages[page]; e != null; e = e.next) {
        e.block.valid = false;
      }
      pages[page] = null;
      ram.unmarkCode((long) page << GuestRam.PAGE_SHIFT);
    }
    for (int k = 0; k < vcpus.size(); k++) {
      vcpus.get(k).requestAttention();
    }
  }

  /// The valid block at a place, or null.
  @Nullable CodeBlock find(CpuMode mode, long rip, long codeBase, long gpa) {
    for (CodeBlock b = buckets[bucket(rip, gpa)]; b != null; b = b.bucketNext) {
      Place p = b.place;
      if (b.rip == rip && p.gpa() == gpa && p.mode() == mode && p.codeBase() == codeBase) {
        return b;
      }
    }
    return null;
  }

  /// The block that was built before from these bytes at this place, or null.
  @Nullable CodeBlock revive(Place place, byte[] bytes) {
    return everBuilt.get(new Identity(place, Arrays.hashCode(bytes), bytes));
  }

  /// The number of the next block that was never built before.
  int nextNumber() {
    return everBuilt.size();
  }

  /// Enters a block, new or revived.
  void add(CodeBlock b) {
    everBuilt.putIfAbsent(new Identity(b.place, Arrays.hashCode(b.bytes), b.bytes), b);
    long first = bus.ramOffsetForRead(b.place.gpa());
    if (first == NOT_RAM) {
      b.valid = false;
      return;
    }
    b.valid = true;
    int bucket = bucket(b.rip, b.place.gpa());
    b.bucketNext = buckets[bucket];
    buckets[bucket] = b;
    enter(first, b);
    if (b.place.crossesPage()) {
      long second = bus.ramOffsetForRead(b.place.secondPageGpa());
      if (second != NOT_RAM) {
        enter(second, b);
      }
    }
  }

  private void enter(long ramOffset, CodeBlock b) {
    int page = (int) (ramOffset >>> GuestRam.PAGE_SHIFT);
    if (pages[page] == null) {
      ram.markCode(ramOffset);
      for (int k = 0; k < vcpus.size(); k++) {
        vcpus.get(k).mmu.codePageMarked(ramOffset);
      }
    }
    pages[page] = new PageEntry(b, pages[page]);
  }

  @Override
  public void codeWritten(long ramOffset, int bytes) {
    int page = (int) (ramOffset >>> GuestRam.PAGE_SHIFT);
    PageEntry kept = null;
    boolean hit = false;
    for (PageEntry e = pages[page]; e != null; e = e.next) {
      CodeBlock b = e.block;
      if (b.valid && holds(b, ramOffset, bytes)) {
        forget(b);
        hit = true;
      }
      if (b.valid) {
        kept = new PageEntry(b, kept);
      }
    }
    if (!hit) {
      return;
    }
    pages[page] = kept;
    if (kept == null) {
      ram.unmarkCode(ramOffset);
    }
    for (int k = 0; k < vcpus.size(); k++) {
      vcpus.get(k).requestAttention();
    }
  }

  /// Whether a block has code bytes in `[ramOffset, ramOffset + bytes)`.
  private boolean holds(CodeBlock b, long ramOffset, int bytes) {
    long start = bus.ramOffsetForRead(b.place.gpa());
    int inFirstPage = Math.min(b.bytes.length, 4096 - (int) (b.place.gpa() & 0xFFF));
    if (start < ramOffset + bytes && ramOffset < start + inFirstPage) {
      return true;
    }
    if (!b.place.crossesPage()) {
      return false;
    }
    long second = bus.ramOffsetForRead(b.place.secondPageGpa());
    return second < ramOffset + bytes && ramOffset < second + b.bytes.length - inFirstPage;
  }

  private void forget(CodeBlock b) {
    b.valid = false;
    int bucket = bucket(b.rip, b.place.gpa());
    CodeBlock before = null;
    for (CodeBlock x = buckets[bucket]; x != null; x = x.bucketNext) {
      if (x == b) {
        if (before == null) {
          buckets[bucket] = b.bucketNext;
        } else {
          before.bucketNext = b.bucketNext;
        }
        return;
      }
      before = x;
    }
  }

  private static int bucket(long rip, long gpa) {
    long h = (rip ^ gpa * 0x9E3779B97F4A7C15L) * 0xC2B2AE3D27D4EB4FL;
    return (int) (h >>> 48);
  }
}
