package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.mmu.Mtrrs;
import org.jspecify.annotations.Nullable;

/// Memory types on an AMD processor without a hypervisor. APM Vol. 2 "Combined Effect of MTRRs and
/// PAT", "Cache Control Mechanisms".
///
/// Where a PAT type contradicts the MTRRs' the result is CD: uncacheable, but unlike UC coherent
/// with lines that are cached. Such a type is shown as UC, and the rule says CD.
final class AmdNativeMemoryTypes implements MemoryTypePolicy {
  /// Unlike Intel's no-fill mode a line that is cached is not used: it is written back and
  /// invalidated, which is what UC does.
  static final String CACHE_DISABLE = "cr0-cd-no-fill";

  private static final @Nullable String NOT_NESTED = null;

  /// `rule`, and the AMD type that came of it if events have no name for it.
  static String named(String rule, AmdMemoryType type) {
    return switch (type) {
      case CD, WC_PLUS -> rule + ": " + type.label();
      case UC, UC_MINUS, WC, WP, WT, WB -> rule;
    };
  }

  @Override
  public Decision decide(Inputs in) {
    if (in.backing() == Backing.XAPIC_PAGE) {
      return new Decision(MemoryType.UC, NOT_NESTED, "xapic-page-uc");
    }
    if (in.caching() == Caching.DISABLED) {
      return new Decision(MemoryType.UC, NOT_NESTED, CACHE_DISABLE);
    }
    Mtrrs.Resolution mtrr = NativeMemoryTypes.mtrrOf(in);
    if (in.paging() == Paging.OFF) {
      String rule = "paging-off-" + NativeMemoryTypes.nameOf(mtrr);
      return new Decision(mtrr.type(), NOT_NESTED, rule);
    }
    AmdMemoryType combined = AmdMemoryType.ofPat(in.pat()).withMtrr(mtrr.type());
    String rule = NativeMemoryTypes.ruleOf(mtrr, in.pat(), "apm-table");
    return new Decision(combined.caching(), NOT_NESTED, named(rule, combined));
  }
}
