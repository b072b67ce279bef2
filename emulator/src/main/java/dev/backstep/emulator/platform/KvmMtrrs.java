package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.Mtrrs;
import dev.backstep.emulator.mmu.Mtrrs.Resolution;
import dev.backstep.emulator.mmu.Mtrrs.Rule;
import org.jspecify.annotations.Nullable;

/// The guest's MTRR type of a page as KVM up to 6.10 reads it: kvm_mtrr_get_guest_memory_type in
/// arch/x86/kvm/mtrr.c.
///
/// It looks at the variable ranges from the highest base down and stops with WB at the first pair
/// that it has no rule for. A UC range that begins at or below the others is found last and wins,
/// as on hardware; one that begins above another is found first, and the other then makes it WB.
final class KvmMtrrs {
  private KvmMtrrs() {}

  static Resolution resolve(Mtrrs mtrrs, long gpa) {
    Resolution hardware = mtrrs.resolve(gpa);
    return switch (hardware.rule()) {
      case ABSENT, DISABLED, FIXED -> hardware;
      case VARIABLE, OVERLAP_UC, OVERLAP_WT, OVERLAP_UNDEFINED, DEFAULT -> variable(mtrrs, gpa);
    };
  }

  private static Resolution variable(Mtrrs mtrrs, long gpa) {
    @Nullable Resolution found = null;
    for (int k = next(mtrrs, gpa, -1); k >= 0; k = next(mtrrs, gpa, k)) {
      MemoryType type = mtrrs.variableType(k);
      found = found == null ? new Resolution(type, Rule.VARIABLE) : join(found, type);
      if (found.rule() == Rule.OVERLAP_UC || found.rule() == Rule.OVERLAP_UNDEFINED) {
        return found;
      }
    }
    return found == null ? new Resolution(mtrrs.defaultType(), Rule.DEFAULT) : found;
  }

  private static Resolution join(Resolution found, MemoryType type) {
    if (found.type() == type) {
      return found;
    }
    if (type == MemoryType.UC) {
      return new Resolution(MemoryType.UC, Rule.OVERLAP_UC);
    }
    boolean writes = isThroughOrBack(found.type()) && isThroughOrBack(type);
    return writes
        ? new Resolution(MemoryType.WT, Rule.OVERLAP_WT)
        : new Resolution(MemoryType.WB, Rule.OVERLAP_UNDEFINED);
  }

  private static boolean isThroughOrBack(MemoryType type) {
    return type == MemoryType.WT || type == MemoryType.WB;
  }

  /// The range that covers `gpa` and follows range `before` (-1: none) in the order of the bases,
  /// from the highest; -1 if there is none.
  private static int next(Mtrrs mtrrs, long gpa, int before) {
    int best = -1;
    for (int k = 0; k < Mtrrs.VARIABLE_RANGES; k++) {
      if (covers(mtrrs, k, gpa)
          && (before < 0 || comesAfter(mtrrs, k, before))
          && (best < 0 || comesAfter(mtrrs, best, k))) {
        best = k;
      }
    }
    return best;
  }

  /// A range goes from its base to the last address that agrees with the base where the mask has
  /// ones, as if the mask had no holes: var_mtrr_range.
  private static boolean covers(Mtrrs mtrrs, int k, long gpa) {
    long first = mtrrs.base(k) & -4096L;
    return mtrrs.isValid(k) && gpa >= first && gpa <= (first | mtrrs.openBits(k));
  }

  /// Ranges with equal bases have equal types: their order makes no difference.
  private static boolean comesAfter(Mtrrs mtrrs, int later, int earlier) {
    int order = Long.compareUnsigned(mtrrs.base(later), mtrrs.base(earlier));
    return order < 0 || order == 0 && later > earlier;
  }
}
