package dev.backstep.emulator.cache;

/// Where processors and platforms differ.
///
/// @param noFill what a processor does with lines that are cached while CR0.CD is set
/// @param invd what INVD does
/// @param wbinvd what WBINVD and WBNOINVD do
public record CacheRules(NoFill noFill, Effect invd, Effect wbinvd) {
  /// What a processor does with lines that are cached while CR0.CD is set.
  public enum NoFill {
    /// Hits use the cache: SDM Vol. 3 table "Cache Operating Modes".
    USES_HITS,

    /// Hits are written back and dropped: APM Vol. 2 "Cache Disable".
    DROPS_HITS
  }

  /// Whether an instruction that concerns a whole cache reaches it.
  public enum Effect {
    CARRIED_OUT,

    /// The hypervisor intercepts it and does nothing. KVM x86.c: kvm_emulate_invd;
    /// need_emulate_wbinvd, which is false unless a device with non-coherent DMA is assigned.
    SKIPPED
  }

  CacheUse treat(CacheUse use) {
    return use == CacheUse.NO_FILL && noFill == NoFill.DROPS_HITS ? CacheUse.UNCACHED : use;
  }

  boolean dropsLinesOnInvd() {
    return invd == Effect.CARRIED_OUT;
  }

  boolean writesBackOnWbinvd() {
    return wbinvd == Effect.CARRIED_OUT;
  }
}
