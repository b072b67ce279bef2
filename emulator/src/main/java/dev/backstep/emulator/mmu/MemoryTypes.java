package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.cache.CacheUse;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Backing;
import dev.backstep.emulator.mmu.MemoryTypePolicy.CacheMode;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Caching;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Decision;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Inputs;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Paging;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;

/// Gathers what the memory type of a page depends on, asks the platform's policy, and tells the
/// listener. Unless caches are modelled, types change nothing that the guest can compute: without a
/// listener none is decided.
final class MemoryTypes implements Tlb.Visitor {
  private final Vcpu c;
  private final PhysicalBus bus;
  private final MemoryTypePolicy policy;
  private final Mtrrs mtrrs;

  MemoryTypes(Vcpu c, PhysicalBus bus, MemoryTypePolicy policy) {
    this.c = c;
    this.bus = bus;
    this.policy = policy;
    this.mtrrs = new Mtrrs(c.cpuid);
  }

  Mtrrs mtrrs() {
    return mtrrs;
  }

  boolean isUniform(long gpa, long bytes) {
    return mtrrs.isUniform(gpa, bytes);
  }

  /// Decides the type of a page of `1 << shift` bytes: one that the TLB was filled with, or one
  /// that it holds while what types depend on changes.
  ///
  /// @param flags of its TLB entry
  @Override
  public void page(long gva, long gpa, int flags, int shift) {
    if (!c.events.isOn()) {
      return;
    }
    Inputs inputs = inputs(gpa, flags);
    Decision decision = policy.decide(inputs);
    long size = 1L << shift;
    c.events.emit(
        new MachineEvent.MemoryTypeChosen(
            c.at(),
            gva & -size,
            gpa & -size,
            size,
            inputs.mtrr().type().label(),
            inputs.pat().label(),
            decision.nested(),
            inputs.caching() == Caching.DISABLED,
            decision.effective().label(),
            decision.rule()));
  }

  /// How accesses to a page use caches.
  ///
  /// @param flags of its TLB entry
  CacheUse cacheUse(long gpa, int flags) {
    Decision decision = policy.decide(inputs(gpa, flags));
    if (decision.mode() == CacheMode.NO_FILL) {
      return CacheUse.NO_FILL;
    }
    return switch (decision.effective()) {
      case UC, UC_MINUS -> CacheUse.UNCACHED;
      case WC -> CacheUse.COMBINED;
      case WT -> CacheUse.WRITE_THROUGH;
      case WP -> CacheUse.WRITE_PROTECTED;
      case WB -> CacheUse.WRITE_BACK;
    };
  }

  private Inputs inputs(long gpa, int flags) {
    Paging paging = c.cr0(ControlBits.CR0_PG) ? Paging.ON : Paging.OFF;
    MemoryType pat = paging == Paging.ON ? Pat.type(c.msr.pat, Tlb.patIndex(flags)) : MemoryType.WB;
    Caching caching = c.cr0(ControlBits.CR0_CD) ? Caching.DISABLED : Caching.ENABLED;
    return new Inputs(mtrrs, gpa, mtrrs.resolve(gpa), pat, backing(gpa), paging, caching);
  }

  private Backing backing(long gpa) {
    if ((gpa & Mmu.PAGE_MASK) == c.apic.mmioPage()) {
      return Backing.XAPIC_PAGE;
    }
    return bus.ramOffsetForRead(gpa) == PhysicalBus.NOT_RAM ? Backing.DEVICE : Backing.RAM;
  }
}
