package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.EffectiveTypes;
import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;

/// Memory types under KVM with nested paging: the guest's PAT always counts, its MTRRs never do,
/// and CR0.CD reaches the hardware only when KVM is told not to clear it. Linux errata.rst, "MTRRs"
/// and "CR0.CD"; APM Vol. 2 "Combining Memory Types, MTRRs".
final class NptMemoryTypes implements MemoryTypePolicy {
  private final VmCapabilities vm;

  NptMemoryTypes(VmCapabilities vm) {
    this.vm = vm;
  }

  @Override
  public Decision decide(Inputs in) {
    if (in.backing() == Backing.XAPIC_PAGE) {
      return new Decision(MemoryType.UC, "UC", "xapic-page-uc");
    }
    MemoryType host = in.backing() == Backing.RAM ? MemoryType.WB : MemoryType.UC;
    if (in.caching() == Caching.DISABLED && !vm.has(Quirk.CD_NW_CLEARED)) {
      return new Decision(MemoryType.UC, host.label(), "cr0-cd-no-fill");
    }
    MemoryType effective = EffectiveTypes.of(host, in.pat());
    String rule =
        host == MemoryType.WB ? "npt-wb-yields-to-guest-pat" : "npt-uc-combines-with-guest-pat";
    return new Decision(effective, host.label(), rule);
  }
}
