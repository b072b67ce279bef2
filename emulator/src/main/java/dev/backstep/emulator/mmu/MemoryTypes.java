package dev.backstep.emulator.mmu;

import dev.backstep.emulator.bus.PhysicalBus;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Backing;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Caching;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Decision;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Inputs;
import dev.backstep.emulator.mmu.MemoryTypePolicy.Paging;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;

/// Gathers what the memory type of a page depends on, asks the platform's policy, and tells the
/// listener. Types change nothing that the guest can compute: without a listener none is decided.
final class MemoryTypes {
  private final Vcpu c;
  private final PhysicalBus bus;
  private final MemoryTypePolicy policy;
  private final Mtrrs mtrrs;

  MemoryTypes(Vcpu c, PhysicalBus bus, MemoryTypePolicy policy) {
    this.c = c;
    this.bus = bus;
    this.policy = policy;
    this.mtrrs = new Mtrrs(c.cpuid.physicalAddressBits());
  }

  Mtrrs mtrrs() {
    return mtrrs;
  }

  boolean isUniform(long gpa, long bytes) {
    return mtrrs.isUniform(gpa, bytes);
  }

  /// A TLB entry of `1 << shift` bytes was filled with what `walker` found for `gva`.
  void filled(long gva, PageWalker walker, int shift) {
    if (!c.events.isOn()) {
      return;
    }
    Inputs inputs = inputs(walker);
    Decision decision = policy.decide(inputs);
    long size = 1L << shift;
    c.events.emit(
        new MachineEvent.MemoryTypeChosen(
            c.at(),
            gva & -size,
            walker.gpa & -size,
            size,
            inputs.mtrr().type().label(),
            inputs.pat().label(),
            decision.nested(),
            inputs.caching() == Caching.DISABLED,
            decision.effective().label(),
            decision.rule()));
  }

  private Inputs inputs(PageWalker walker) {
    Paging paging = c.cr0(ControlBits.CR0_PG) ? Paging.ON : Paging.OFF;
    MemoryType pat = paging == Paging.ON ? Pat.type(c.msr.pat, walker.patIndex) : MemoryType.WB;
    Caching caching = c.cr0(ControlBits.CR0_CD) ? Caching.DISABLED : Caching.ENABLED;
    return new Inputs(mtrrs.resolve(walker.gpa), pat, backing(walker.gpa), paging, caching);
  }

  private Backing backing(long gpa) {
    if ((gpa & Mmu.PAGE_MASK) == c.apic.mmioPage()) {
      return Backing.XAPIC_PAGE;
    }
    return bus.ramOffsetForRead(gpa) == PhysicalBus.NOT_RAM ? Backing.DEVICE : Backing.RAM;
  }
}
