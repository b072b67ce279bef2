package dev.backstep.emulator.mmu;

import org.jspecify.annotations.Nullable;

/// How memory is cached. SDM Vol. 3 "Methods of Caching Available"; encodings as in MTRRs, PAT and
/// EPT.
public enum MemoryType {
  UC(0, "UC"),
  WC(1, "WC"),
  WT(4, "WT"),
  WP(5, "WP"),
  WB(6, "WB"),

  /// Uncached, but WC where the MTRRs say WC. In the PAT only.
  UC_MINUS(7, "UC-");

  private final int encoding;
  private final String label;

  MemoryType(int encoding, String label) {
    this.encoding = encoding;
    this.label = label;
  }

  public int encoding() {
    return encoding;
  }

  /// The name that `memory_type` events carry.
  public String label() {
    return label;
  }

  /// The type that a PAT field encodes, or null for a reserved encoding.
  public static @Nullable MemoryType ofPat(int encoding) {
    return switch (encoding) {
      case 0 -> UC;
      case 1 -> WC;
      case 4 -> WT;
      case 5 -> WP;
      case 6 -> WB;
      case 7 -> UC_MINUS;
      default -> null;
    };
  }

  /// The type that an MTRR or an EPT leaf encodes, or null for a reserved encoding.
  public static @Nullable MemoryType ofMtrr(int encoding) {
    return encoding == 7 ? null : ofPat(encoding);
  }
}
