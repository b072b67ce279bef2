package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.EffectiveTypes;
import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.mmu.Mtrrs;
import dev.backstep.emulator.mmu.Mtrrs.Resolution;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Memory types on an Intel processor without a hypervisor: MTRRs, PAT and CR0.CD all count. SDM
/// Vol. 3 "Cache Control Registers and Bits", "Effective Page-Level Memory Types", "Selection of
/// Memory Types".
final class NativeMemoryTypes implements MemoryTypePolicy {
  private static final @Nullable String NOT_NESTED = null;

  @Override
  public Decision decide(Inputs in) {
    if (in.backing() == Backing.XAPIC_PAGE) {
      return new Decision(MemoryType.UC, NOT_NESTED, "xapic-page-uc");
    }
    if (in.caching() == Caching.DISABLED) {
      return new Decision(MemoryType.UC, NOT_NESTED, "cr0-cd-no-fill", CacheMode.NO_FILL);
    }
    Resolution mtrr = mtrrOf(in);
    if (in.paging() == Paging.OFF) {
      return new Decision(mtrr.type(), NOT_NESTED, "paging-off-" + nameOf(mtrr));
    }
    MemoryType effective = EffectiveTypes.of(mtrr.type(), in.pat());
    return new Decision(effective, NOT_NESTED, ruleOf(mtrr, in.pat(), "sdm-table"));
  }

  /// What stands for the MTRRs: without any, the board keeps devices from being cached (KEN#).
  static Resolution mtrrOf(Inputs in) {
    boolean byBoard = in.mtrr().rule() == Mtrrs.Rule.ABSENT && in.backing() == Backing.DEVICE;
    return byBoard ? new Resolution(MemoryType.UC, Mtrrs.Rule.ABSENT) : in.mtrr();
  }

  /// @param table where combinations are found that have no name of their own
  static String ruleOf(Resolution mtrr, MemoryType pat, String table) {
    boolean pageIsWc = pat == MemoryType.WC;
    if (mtrr.rule() == Mtrrs.Rule.DISABLED && !pageIsWc) {
      return nameOf(mtrr);
    }
    return switch (mtrr.type()) {
      case UC -> pageIsWc ? "pat-wc-overrides-mtrr-uc" : nameOf(mtrr) + "-overrides-pat";
      case WB -> "mtrr-wb-yields-to-pat";
      case WC, WT, WP, UC_MINUS ->
          "%s mtrr=%s pat=%s".formatted(table, mtrr.type().label(), pat.label());
    };
  }

  /// How the MTRRs came to their type.
  static String nameOf(Resolution mtrr) {
    String type = mtrr.type().label().toLowerCase(Locale.ROOT);
    return switch (mtrr.rule()) {
      case ABSENT -> "no-mtrrs-" + type;
      case DISABLED -> "mtrr-disabled-" + type;
      case OVERLAP_UNDEFINED -> "mtrr-overlap-undefined-" + type;
      case OVERLAP_UC -> "mtrr-overlap-uc";
      case OVERLAP_WT -> "mtrr-overlap-wt";
      case FIXED, VARIABLE, DEFAULT -> "mtrr-" + type;
    };
  }
}
