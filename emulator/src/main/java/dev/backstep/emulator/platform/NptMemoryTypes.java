package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;

/// Memory types under KVM with nested paging: the guest's PAT always counts, its MTRRs never do,
/// and CR0.CD reaches the hardware only when KVM is told not to clear it. Linux errata.rst, "MTRRs"
/// and "CR0.CD".
///
/// The nested page tables leave their pages at the host's PAT entry 0, which is WB; the host's
/// MTRRs make devices UC. Guest PAT, host PAT and host MTRRs combine as APM Vol. 2 "Combining
/// Memory Types, MTRRs" says.
final class NptMemoryTypes implements MemoryTypePolicy {
  private static final MemoryType HOST_PAT = MemoryType.WB;

  private final VmCapabilities vm;

  NptMemoryTypes(VmCapabilities vm) {
    this.vm = vm;
  }

  @Override
  public Decision decide(Inputs in) {
    if (in.backing() == Backing.XAPIC_PAGE) {
      return new Decision(MemoryType.UC, "UC", "xapic-page-uc");
    }
    MemoryType hostMtrr = in.backing() == Backing.RAM ? MemoryType.WB : MemoryType.UC;
    if (in.caching() == Caching.DISABLED && !vm.has(Quirk.CD_NW_CLEARED)) {
      return new Decision(MemoryType.UC, hostMtrr.label(), AmdNativeMemoryTypes.CACHE_DISABLE);
    }
    AmdMemoryType combined = AmdMemoryType.nested(in.pat(), HOST_PAT).withMtrr(hostMtrr);
    String rule =
        hostMtrr == MemoryType.WB ? "npt-wb-yields-to-guest-pat" : "npt-uc-combines-with-guest-pat";
    return new Decision(
        combined.caching(), hostMtrr.label(), AmdNativeMemoryTypes.named(rule, combined));
  }
}
