package dev.backstep.emulator.platform;

import dev.backstep.emulator.cache.CacheRules;
import dev.backstep.emulator.cache.CacheRules.Effect;
import java.util.EnumSet;

/// What a platform makes of the instructions that concern whole caches. KVM intercepts them: INVD
/// does nothing (x86.c, kvm_emulate_invd), and WBINVD and WBNOINVD reach the caches only if a
/// device with non-coherent DMA is assigned (kvm_emulate_wbinvd, need_emulate_wbinvd).
public final class CacheInstructions {
  private static final String KVM = "kvm-";

  private CacheInstructions() {}

  /// @param platform as `--platform` has it, known to be right
  /// @param devices what the machine's devices do
  public static CacheRules rules(String platform, NoncoherentDma devices) {
    if (!platform.startsWith(KVM)) {
      return new CacheRules(Effect.CARRIED_OUT, Effect.CARRIED_OUT);
    }
    PlatformSetting setting =
        PlatformSetting.parse(platform, EnumSet.allOf(PlatformProperty.class));
    return switch (setting.noncoherentDma(devices)) {
      case ASSIGNED -> new CacheRules(Effect.SKIPPED, Effect.CARRIED_OUT);
      case NONE -> new CacheRules(Effect.SKIPPED, Effect.SKIPPED);
    };
  }
}
