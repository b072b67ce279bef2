package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.GuestRam;
import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.vcpu.Vcpu;

/// One vCPU's way to memory.
///
/// Explicit accesses name a segment and an effective address. On the fast path the linear address is the
/// sum of both, and one compare with a flat-array TLB finds the RAM behind it. Everything else takes the
/// slow path: a segment that needs checks (its fast base is "poisoned", so that it never hits), an access
/// that crosses a page, a page that is a device, holds code that is written, or is watched.
public final class Mmu {
  static final int SLOTS = 1024;
  static final long PAGE_MASK = -4096L;

  /// A linear address that no TLB slot ever holds: not canonical.
  static final long POISON = 0x0800_0000_0000_0000L;

  private final Vcpu c;
  private final PhysicalBus bus;
  private final GuestRam ram;

  /// Base of each segment (ES CS SS DS FS GS) for the fast path, or [#POISON].
  private final long[] fastBase = new long[6];

  /// The fast TLB of the current privilege (user or supervisor, with or without SMAP's override).
  private TlbView view = new TlbView();

  public Mmu(Vcpu c, PhysicalBus bus, MemoryTypePolicy memoryTypes) {
    this.c = c;
    this.bus = bus;
    this.ram = bus.ram();
  }

  public int load32(int segment, long ea) {
    long linear = ea + fastBase[segment];
    int slot = (int) (linear >>> 12) & SLOTS - 1;
    TlbView v = view;
    if (v.readTag[slot] == (linear + 3 & PAGE_MASK)) {
      return ram.getInt(linear + v.ramOffset[slot]);
    }
    return (int) loadSlow(segment, ea, 4);
  }

  private long loadSlow(int segment, long ea, int bytes) {
    throw new AssertionError(c.number + segment + ea + bytes + bus.toString());
  }

  /// Privilege, paging or segmentation mode changed.
  public void modeChanged() {}
}
