package dev.backstep.emulator.mmu;

/// What comes of a range's type (MTRR, or EPT leaf without IPAT) and a page's PAT type. SDM Vol. 3
/// "Effective Page-Level Memory Types" and "Memory Type Used for Translated Guest-Physical
/// Addresses".
public final class EffectiveTypes {
  private static final MemoryType UC = MemoryType.UC;
  private static final MemoryType WC = MemoryType.WC;
  private static final MemoryType WT = MemoryType.WT;
  private static final MemoryType WP = MemoryType.WP;
  private static final MemoryType WB = MemoryType.WB;

  /// Rows: UC WC WT WP WB of the range. Columns: UC WC WT WP WB UC- of the page (order of
  /// [MemoryType]).
  private static final MemoryType[][] TABLE = {
    {UC, WC, UC, UC, UC, UC},
    {UC, WC, UC, UC, WC, WC},
    {UC, WC, WT, WP, WT, UC},
    {UC, WC, WT, WP, WP, WC},
    {UC, WC, WT, WP, WB, UC},
  };

  private EffectiveTypes() {}

  /// @param range not UC-
  public static MemoryType of(MemoryType range, MemoryType page) {
    return TABLE[range.ordinal()][page.ordinal()];
  }
}
