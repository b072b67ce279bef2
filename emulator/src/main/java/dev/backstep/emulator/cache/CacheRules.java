package dev.backstep.emulator.cache;

/// Where platforms differ.
///
/// @param invd what INVD does
/// @param wbinvd what WBINVD and WBNOINVD do
public record CacheRules(Effect invd, Effect wbinvd) {
  /// Whether an instruction that concerns a whole cache reaches it.
  public enum Effect {
    CARRIED_OUT,

    /// The hypervisor intercepts it and does nothing. KVM x86.c: kvm_emulate_invd;
    /// need_emulate_wbinvd, which is false unless a device with non-coherent DMA is assigned.
    SKIPPED
  }

  boolean dropsLinesOnInvd() {
    return invd == Effect.CARRIED_OUT;
  }

  boolean writesBackOnWbinvd() {
    return wbinvd == Effect.CARRIED_OUT;
  }
}
