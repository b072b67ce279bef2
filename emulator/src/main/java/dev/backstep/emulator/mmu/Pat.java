package dev.backstep.emulator.mmu;

/// IA32_PAT: eight fields of a byte each, the low three bits a memory type. SDM Vol. 3 "IA32_PAT
/// MSR".
public final class Pat {
  private Pat() {}

  /// Whether WRMSR accepts `pat`: no reserved bit, no reserved encoding (2 and 3).
  public static boolean isValid(long pat) {
    for (int k = 0; k < 8; k++) {
      if (MemoryType.ofPat((int) (pat >>> 8 * k) & 0xFF) == null) {
        return false;
      }
    }
    return true;
  }

  /// The type in field `index`.
  public static MemoryType type(long pat, int index) {
    MemoryType type = MemoryType.ofPat((int) (pat >>> 8 * index) & 7);
    if (type == null) {
      throw new AssertionError("PAT %016x was never valid".formatted(pat));
    }
    return type;
  }
}
