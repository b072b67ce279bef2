package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.EffectiveTypes;
import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.mmu.Mtrrs;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Memory types on a machine without a hypervisor: MTRRs, PAT and CR0.CD all count. SDM Vol. 3
/// "Cache Control Registers and Bits", "Effective Page-Level Memory Types", "Selection of Memory
/// Types".
final class NativeMemoryTypes implements MemoryTypePolicy {
  private static final @Nullable String NOT_NESTED = null;

  @Override
  public Decision decide(Inputs in) {
    if (in.backing() == Backing.XAPIC_PAGE) {
      return new Decision(MemoryType.UC, NOT_NESTED, "xapic-page-uc");
    }
    if (in.caching() == Caching.DISABLED) {
      // No-fill mode: what is cached stays usable, nothing new is cached.
      return new Decision(MemoryType.UC, NOT_NESTED, "cr0-cd-no-fill");
    }
    MemoryType mtrr = in.mtrr().type();
    if (in.paging() == Paging.OFF) {
      return new Decision(mtrr, NOT_NESTED, "paging-off-" + nameOf(in.mtrr()));
    }
    return new Decision(EffectiveTypes.of(mtrr, in.pat()), NOT_NESTED, ruleOf(in));
  }

  private static String ruleOf(Inputs in) {
    MemoryType mtrr = in.mtrr().type();
    boolean pageIsWc = in.pat() == MemoryType.WC;
    if (in.mtrr().rule() == Mtrrs.Rule.DISABLED && !pageIsWc) {
      return nameOf(in.mtrr());
    }
    return switch (mtrr) {
      case UC -> pageIsWc ? "pat-wc-overrides-mtrr-uc" : nameOf(in.mtrr()) + "-overrides-pat";
      case WB -> "mtrr-wb-yields-to-pat";
      case WC, WT, WP, UC_MINUS ->
          "sdm-table mtrr=%s pat=%s".formatted(mtrr.label(), in.pat().label());
    };
  }

  /// How the MTRRs came to their type.
  static String nameOf(Mtrrs.Resolution mtrr) {
    return switch (mtrr.rule()) {
      case DISABLED -> "mtrr-disabled-uc";
      case OVERLAP_UNDEFINED -> "mtrr-overlap-undefined-uc";
      case OVERLAP_UC -> "mtrr-overlap-uc";
      case OVERLAP_WT -> "mtrr-overlap-wt";
      case FIXED, VARIABLE, DEFAULT -> "mtrr-" + mtrr.type().label().toLowerCase(Locale.ROOT);
    };
  }
}
