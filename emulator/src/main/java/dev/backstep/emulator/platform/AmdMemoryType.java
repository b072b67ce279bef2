package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.MemoryType;

/// Memory types as AMD combines them: besides those that registers encode, CD where types conflict,
/// and WC+ where a guest's WC meets a cacheable host type. APM Vol. 2 "Memory Types".
enum AmdMemoryType {
  UC("UC", MemoryType.UC),
  UC_MINUS("UC-", MemoryType.UC_MINUS),
  WC("WC", MemoryType.WC),

  /// Combines writes and probes all caches.
  WC_PLUS("WC+", MemoryType.WC),
  WP("WP", MemoryType.WP),
  WT("WT", MemoryType.WT),
  WB("WB", MemoryType.WB),

  /// Uncacheable; a line that is cached is written back and invalidated first.
  CD("CD", MemoryType.UC);

  /// APM Vol. 2 "Combined Effect of MTRRs and PAT" and, for WC+, "Combining Memory Types, MTRRs".
  /// Rows: the PAT's type, in this order. Columns: the MTRRs' UC WC WP WT WB.
  private static final AmdMemoryType[][] WITH_MTRR = {
    {UC, CD, CD, CD, CD},
    {UC, WC, CD, CD, CD},
    {WC, WC, WC, WC, WC},
    {WC, WC, WC_PLUS, WC_PLUS, WC_PLUS},
    {UC, CD, WP, CD, WP},
    {UC, CD, CD, WT, WT},
    {UC, WC, WP, WT, WB},
  };

  /// APM Vol. 2 "Combining Memory Types, MTRRs". Rows: the guest's PAT type UC UC- WC WP WT WB.
  /// Columns: the host's PAT type, likewise.
  private static final AmdMemoryType[][] NESTED = {
    {UC, UC, UC, UC, UC, UC},
    {UC, UC_MINUS, WC, UC, UC, UC},
    {WC, WC, WC, WC_PLUS, WC_PLUS, WC_PLUS},
    {UC, UC, UC, WP, UC, WP},
    {UC, UC, UC, UC, WT, WT},
    {UC, UC, WC, WP, WT, WB},
  };

  private final String label;
  private final MemoryType caching;

  AmdMemoryType(String label, MemoryType caching) {
    this.label = label;
    this.caching = caching;
  }

  String label() {
    return label;
  }

  /// The type that caches in the same way: UC for CD, WC for WC+.
  MemoryType caching() {
    return caching;
  }

  /// The type that a PAT field encodes.
  static AmdMemoryType ofPat(MemoryType pat) {
    return switch (pat) {
      case UC -> UC;
      case UC_MINUS -> UC_MINUS;
      case WC -> WC;
      case WP -> WP;
      case WT -> WT;
      case WB -> WB;
    };
  }

  /// What comes of this PAT type and the MTRRs' type.
  AmdMemoryType withMtrr(MemoryType mtrr) {
    int column =
        switch (mtrr) {
          case UC -> 0;
          case WC -> 1;
          case WP -> 2;
          case WT -> 3;
          case WB -> 4;
          case UC_MINUS -> throw new AssertionError("no MTRR has UC-");
        };
    return WITH_MTRR[ordinal()][column];
  }

  /// What comes of a guest's PAT type and the PAT type of the page in the nested tables.
  static AmdMemoryType nested(MemoryType guest, MemoryType host) {
    return NESTED[row(guest)][row(host)];
  }

  private static int row(MemoryType pat) {
    return switch (pat) {
      case UC -> 0;
      case UC_MINUS -> 1;
      case WC -> 2;
      case WP -> 3;
      case WT -> 4;
      case WB -> 5;
    };
  }
}
