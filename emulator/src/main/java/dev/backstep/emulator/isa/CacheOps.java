package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Vcpu;

/// Instructions about caches. Unless caches are modelled they do their checks and nothing else. SDM
/// Vol. 2 under the instructions' names.
public final class CacheOps {
  private CacheOps() {}

  /// CLFLUSH, CLFLUSHOPT: the checks of a one-byte load.
  public static void clflush(Vcpu c, DecodedInstruction i) {
    long ea = i.effectiveAddress(c.gpr);
    c.mmu.probeRead(i.segment, ea, 1);
    c.mmu.caches().flushLine(i.segment, ea);
  }

  /// CLWB: the same checks.
  public static void clwb(Vcpu c, DecodedInstruction i) {
    long ea = i.effectiveAddress(c.gpr);
    c.mmu.probeRead(i.segment, ea, 1);
    c.mmu.caches().writeBackLine(i.segment, ea);
  }

  /// PREFETCHh, PREFETCHW: hints that fault on nothing. A page that the TLB does not hold is not
  /// looked up for them.
  public static void prefetch(Vcpu c, DecodedInstruction i) {
    c.mmu.caches().prefetch(i);
  }

  public static void invd(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    c.clock.charge(VirtualClock.MICROCODED_NS);
    c.mmu.caches().invalidateAll();
  }

  public static void wbinvd(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    c.clock.charge(VirtualClock.MICROCODED_NS);
    c.mmu.caches().writeBackAndInvalidateAll();
  }

  public static void wbnoinvd(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    c.clock.charge(VirtualClock.MICROCODED_NS);
    c.mmu.caches().writeBackAll();
  }
}
