package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.EffectiveTypes;
import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;

/// Memory types under KVM with EPT, as vmx_get_mt_mask has chosen the EPT leaf's type since Linux
/// 6.16, for a guest without non-coherent DMA: guest MTRRs and CR0.CD read back what was written
/// and have no effect. SDM Vol. 3 "Memory Type Used for Translated Guest-Physical Addresses"; Linux
/// errata.rst, "MTRRs" and "CR0.CD".
final class EptMemoryTypes implements MemoryTypePolicy {
  private final QuirkState ignoreGuestPat;

  EptMemoryTypes(QuirkState ignoreGuestPat) {
    this.ignoreGuestPat = ignoreGuestPat;
  }

  @Override
  public Decision decide(Inputs in) {
    return switch (in.backing()) {
      case XAPIC_PAGE -> new Decision(MemoryType.UC, "UC", "xapic-page-uc");
      case DEVICE ->
          new Decision(
              EffectiveTypes.of(MemoryType.UC, in.pat()), "UC", "ept-uc-combines-with-guest-pat");
      case RAM -> ram(in);
    };
  }

  private Decision ram(Inputs in) {
    if (ignoreGuestPat == QuirkState.ON) {
      return new Decision(MemoryType.WB, "WB|IPAT", "ept-wb-ignore-guest-pat");
    }
    String rule = in.paging() == Paging.OFF ? "ept-wb-paging-off" : "ept-wb-yields-to-guest-pat";
    return new Decision(EffectiveTypes.of(MemoryType.WB, in.pat()), "WB", rule);
  }
}
