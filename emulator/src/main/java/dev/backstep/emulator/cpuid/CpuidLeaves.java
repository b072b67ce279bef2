package dev.backstep.emulator.cpuid;

import dev.backstep.emulator.cpuid.CpuPart.LeafRange;
import dev.backstep.emulator.time.VirtualClock;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// The leaves that do not depend on a vCPU's state.
final class CpuidLeaves {
  /// CLFLUSH works on lines of eight times this many bytes: CPUID.1:EBX[15:8].
  static final int CLFLUSH_UNITS = 8 << 8;

  /// Bits of CPUID.1:EDX that AMD repeats in CPUID.80000001H:EDX: 9:0, 17:12, 24:23.
  static final int AMD_COPIES_OF_LEAF_1 = 0x0183_F3FF;

  private static final int HYPERVISOR_BASE = 0x4000_0000;
  private static final int HIGHEST_HYPERVISOR = HYPERVISOR_BASE + 1;
  private static final int EXTENDED_BASE = 0x8000_0000;
  private static final int BRAND_LEAVES = 3;
  private static final int LINEAR_ADDRESS_BITS = 48;
  private static final int LINEAR_ADDRESS_BITS_LA57 = 57;
  private static final int CRYSTAL_HZ = 25_000_000;
  private static final int BUS_MHZ = 100;

  /// Leaf 2: one descriptor, "see leaf 4".
  private static final int SEE_LEAF_4 = 0xFF01;

  private final CpuSetting setting;
  private final Vendor vendor;
  private final String hypervisor;
  private final CpuTopology topology;
  private final FeatureWords words;
  private final LeafRange range;

  CpuidLeaves(
      CpuSetting setting,
      Vendor vendor,
      String hypervisor,
      CpuTopology topology,
      FeatureWords words) {
    this.setting = setting;
    this.vendor = vendor;
    this.hypervisor = hypervisor;
    this.topology = topology;
    this.words = words;
    LeafRange parts = setting.model().part().leaves();
    range = parts == null ? LeafRange.of(vendor) : parts;
  }

  int highestBasic() {
    return range.basic();
  }

  boolean exists(int leaf) {
    if (CpuidTable.isHypervisorLeaf(leaf)) {
      return !hypervisor.equals(CpuidTable.NO_HYPERVISOR) && leaf <= HIGHEST_HYPERVISOR;
    }
    return leaf < 0 ? Integer.compareUnsigned(leaf, range.extended()) <= 0 : leaf <= range.basic();
  }

  CpuidValues fixed(int leaf, int subleaf) {
    return switch (leaf) {
      case 0 -> vendorLeaf(range.basic());
      case 2 -> vendor == Vendor.INTEL ? new CpuidValues(SEE_LEAF_4, 0, 0, 0) : CpuidValues.ZERO;
      case 4 -> vendor == Vendor.INTEL ? cacheOfIntel(subleaf) : CpuidValues.ZERO;
      case 5 -> monitorLine();
      case 6 ->
          new CpuidValues(words.word(CpuidWord.POWER_EAX), 0, words.word(CpuidWord.POWER_ECX), 0);
      case 0x15 -> timeStampCounter();
      case 0x16 -> {
        int mhz = (int) (VirtualClock.TSC_HZ / 1_000_000);
        yield new CpuidValues(mhz, mhz, BUS_MHZ, 0);
      }
      case HYPERVISOR_BASE -> words(HIGHEST_HYPERVISOR, hypervisor, 0, 1, 2);
      case EXTENDED_BASE ->
          vendor == Vendor.AMD
              ? vendorLeaf(range.extended())
              : new CpuidValues(range.extended(), 0, 0, 0);
      case EXTENDED_BASE + 2, EXTENDED_BASE + 3, EXTENDED_BASE + 4 -> brand(leaf & 0xF);
      case EXTENDED_BASE + 5 -> level1OfAmd();
      case EXTENDED_BASE + 6 -> higherLevels();
      case EXTENDED_BASE + 7 -> new CpuidValues(0, 0, 0, words.word(CpuidWord.ADVANCED_POWER_EDX));
      case EXTENDED_BASE + 8 -> addressSizes();
      case EXTENDED_BASE + 0x1D -> hasTopologyExtensions() ? cacheOfAmd(subleaf) : CpuidValues.ZERO;
      case EXTENDED_BASE + 0x21 -> new CpuidValues(words.word(CpuidWord.FEATURE_2_EAX), 0, 0, 0);
      default -> CpuidValues.ZERO;
    };
  }

  /// EBX, EDX, ECX spell the vendor.
  private CpuidValues vendorLeaf(int eax) {
    return words(eax, vendor.signature(), 0, 2, 1);
  }

  private static CpuidValues words(int eax, String text, int b, int c, int d) {
    return new CpuidValues(eax, word(text, b), word(text, c), word(text, d));
  }

  /// Four characters from `4 * k` on, little-endian, zero past the end.
  private static int word(String text, int k) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    int word = 0;
    for (int j = 0; j < 4; j++) {
      int at = 4 * k + j;
      word |= (at < bytes.length ? bytes[at] & 0xFF : 0) << 8 * j;
    }
    return word;
  }

  private CpuidValues brand(int leaf) {
    int first = 4 * (leaf - 2);
    String brand = setting.model().brand();
    assert brand.length() < 16 * BRAND_LEAVES;
    return new CpuidValues(
        word(brand, first), word(brand, first + 1), word(brand, first + 2), word(brand, first + 3));
  }

  /// TSC ticks = crystal x EBX / EAX.
  private static CpuidValues timeStampCounter() {
    return new CpuidValues(1, (int) (VirtualClock.TSC_HZ / CRYSTAL_HZ), CRYSTAL_HZ, 0);
  }

  /// Leaf 5: MONITOR watches a line, MWAIT takes ECX = 1 (interrupts end the wait though masked).
  private CpuidValues monitorLine() {
    int line = CacheLevel.LINE_BYTES;
    return has(CpuFeature.MONITOR) ? new CpuidValues(line, line, 3, 0) : CpuidValues.ZERO;
  }

  private CpuidValues addressSizes() {
    int linear = has(CpuFeature.LA57) ? LINEAR_ADDRESS_BITS_LA57 : LINEAR_ADDRESS_BITS;
    int eax = setting.physicalAddressBits() | linear << 8;
    int ecx =
        vendor == Vendor.AMD
            ? topology.idBitsOfPackage() << 12 | Math.min(topology.vcpus() - 1, 0xFF)
            : 0;
    return new CpuidValues(eax, words.word(CpuidWord.SIZES_EBX), ecx, 0);
  }

  private boolean has(CpuFeature feature) {
    return (words.word(feature.word()) & feature.mask()) != 0;
  }

  private boolean hasTopologyExtensions() {
    return vendor == Vendor.AMD && has(CpuFeature.TOPOEXT);
  }

  private List<CacheLevel> caches() {
    return setting.model().part().caches();
  }

  /// Leaf 4.
  private CpuidValues cacheOfIntel(int subleaf) {
    if (subleaf < 0 || subleaf >= caches().size()) {
      return CpuidValues.ZERO;
    }
    CacheLevel cache = caches().get(subleaf);
    int sharers = cache.sharers() == 0 ? topology.addressableIds() : cache.sharers();
    return cache.leaf(sharers - 1 << 14 | topology.addressableCoresLessOne() << 26);
  }

  /// APM Vol. 3 "Function 8000_001Dh".
  private CpuidValues cacheOfAmd(int subleaf) {
    if (subleaf < 0 || subleaf >= caches().size()) {
      return CpuidValues.ZERO;
    }
    CacheLevel cache = caches().get(subleaf);
    int sharers = cache.sharers() == 0 ? topology.addressableIds() : cache.sharers();
    return cache.leaf(sharers - 1 << 14);
  }

  private CpuidValues level1OfAmd() {
    if (vendor != Vendor.AMD) {
      return CpuidValues.ZERO;
    }
    return new CpuidValues(0, 0, caches().get(0).level1OfAmd(), caches().get(1).level1OfAmd());
  }

  /// The third level is AMD's field: Intel describes it in leaf 4 only.
  private CpuidValues higherLevels() {
    int second = caches().get(2).higherLevelOfAmd();
    int third = vendor == Vendor.AMD ? caches().get(3).higherLevelOfAmd() : 0;
    return new CpuidValues(0, 0, second, third);
  }
}
