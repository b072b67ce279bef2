package dev.backstep.emulator.cpuid;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the maker of a processor documents of its CPUID.
///
/// @param vendor who made it; null: whom the platform names
/// @param brand at most 47 characters
/// @param leaves the highest ones; null: those that the vendor usually has
/// @param caches from the core outwards
/// @param documented every feature that the part enumerates, implemented here or not
record CpuPart(
    String name,
    @Nullable Vendor vendor,
    String brand,
    CpuModel.Signature signature,
    @Nullable LeafRange leaves,
    int physicalAddressBits,
    List<CacheLevel> caches,
    Set<CpuFeature> documented) {

  /// The highest basic and extended leaves.
  record LeafRange(int basic, int extended) {
    /// Of a part that is nobody's in particular.
    static LeafRange of(Vendor vendor) {
      return switch (vendor) {
        case INTEL -> new LeafRange(0x1F, 0x8000_0008);
        case AMD -> new LeafRange(0xD, 0x8000_001E);
      };
    }
  }
}
