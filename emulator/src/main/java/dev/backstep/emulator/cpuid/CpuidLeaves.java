package dev.backstep.emulator.cpuid;

import dev.backstep.emulator.time.VirtualClock;
import java.nio.charset.StandardCharsets;

/// The leaves that do not depend on a vCPU's state.
final class CpuidLeaves {
  /// CLFLUSH works on lines of eight times this many bytes: CPUID.1:EBX[15:8].
  static final int CLFLUSH_UNITS = 8 << 8;

  /// XSAVE's legacy region and header.
  static final int XSAVE_LEGACY_AND_HEADER_BYTES = 512 + 64;

  /// Bits of CPUID.1:EDX that AMD repeats in CPUID.80000001H:EDX: 9:0, 17:12, 24:23.
  static final int AMD_COPIES_OF_LEAF_1 = 0x0183_F3FF;

  private static final int HIGHEST_BASIC_INTEL = 0x1F;
  private static final int HIGHEST_BASIC_AMD = 0xD;
  private static final int HYPERVISOR_BASE = 0x4000_0000;
  private static final int HIGHEST_HYPERVISOR = HYPERVISOR_BASE + 1;
  private static final int EXTENDED_BASE = 0x8000_0000;
  private static final int HIGHEST_EXTENDED = EXTENDED_BASE + 8;
  private static final int BRAND_LEAVES = 3;
  private static final int LINEAR_ADDRESS_BITS = 48;
  private static final int CRYSTAL_HZ = 25_000_000;
  private static final int BUS_MHZ = 100;

  /// Leaf 2: one descriptor, "see leaf 4".
  private static final int SEE_LEAF_4 = 0xFF01;

  private final CpuSetting setting;
  private final Vendor vendor;
  private final String hypervisor;
  private final CpuTopology topology;

  CpuidLeaves(CpuSetting setting, Vendor vendor, String hypervisor, CpuTopology topology) {
    this.setting = setting;
    this.vendor = vendor;
    this.hypervisor = hypervisor;
    this.topology = topology;
  }

  int highestBasic() {
    return vendor == Vendor.INTEL ? HIGHEST_BASIC_INTEL : HIGHEST_BASIC_AMD;
  }

  boolean exists(int leaf) {
    if (CpuidTable.isHypervisorLeaf(leaf)) {
      return !hypervisor.equals(CpuidTable.NO_HYPERVISOR) && leaf <= HIGHEST_HYPERVISOR;
    }
    return leaf < 0 ? Integer.compareUnsigned(leaf, HIGHEST_EXTENDED) <= 0 : leaf <= highestBasic();
  }

  CpuidValues fixed(int leaf, int subleaf) {
    return switch (leaf) {
      case 0 -> vendorLeaf(highestBasic());
      case 2 -> vendor == Vendor.INTEL ? new CpuidValues(SEE_LEAF_4, 0, 0, 0) : CpuidValues.ZERO;
      case 4 -> vendor == Vendor.INTEL ? cache(subleaf) : CpuidValues.ZERO;
      case 0x15 -> timeStampCounter();
      case 0x16 -> {
        int mhz = (int) (VirtualClock.TSC_HZ / 1_000_000);
        yield new CpuidValues(mhz, mhz, BUS_MHZ, 0);
      }
      case HYPERVISOR_BASE -> words(HIGHEST_HYPERVISOR, hypervisor, 0, 1, 2);
      case EXTENDED_BASE ->
          vendor == Vendor.AMD
              ? vendorLeaf(HIGHEST_EXTENDED)
              : new CpuidValues(HIGHEST_EXTENDED, 0, 0, 0);
      case EXTENDED_BASE + 2, EXTENDED_BASE + 3, EXTENDED_BASE + 4 -> brand(leaf & 0xF);
      case EXTENDED_BASE + 5 -> level1OfAmd();
      case EXTENDED_BASE + 6 -> new CpuidValues(0, 0, L2.kibibytes() << 16 | 8 << 12 | 64, 0);
      case EXTENDED_BASE + 8 -> addressSizes();
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

  private CpuidValues addressSizes() {
    int eax = setting.physicalAddressBits() | LINEAR_ADDRESS_BITS << 8;
    int ecx =
        vendor == Vendor.AMD
            ? topology.idBitsOfPackage() << 12 | Math.min(topology.vcpus() - 1, 0xFF)
            : 0;
    return new CpuidValues(eax, 0, ecx, 0);
  }

  private enum CacheKind {
    DATA,
    INSTRUCTIONS,
    UNIFIED
  }

  private record Cache(CacheKind kind, int level, int ways, int sets) {
    private static final int LINE_BYTES = 64;

    int kibibytes() {
      return ways * sets * LINE_BYTES / 1024;
    }
  }

  private static final Cache L1D = new Cache(CacheKind.DATA, 1, 8, 64);
  private static final Cache L1I = new Cache(CacheKind.INSTRUCTIONS, 1, 8, 64);
  private static final Cache L2 = new Cache(CacheKind.UNIFIED, 2, 16, 1024);
  private static final Cache L3 = new Cache(CacheKind.UNIFIED, 3, 16, 16384);

  /// Leaf 4. The third level is shared by the package.
  private CpuidValues cache(int subleaf) {
    return switch (subleaf) {
      case 0 -> cache(L1D, 0);
      case 1 -> cache(L1I, 0);
      case 2 -> cache(L2, 0);
      case 3 -> cache(L3, topology.addressableIds() - 1);
      default -> CpuidValues.ZERO;
    };
  }

  private CpuidValues cache(Cache cache, int sharersLessOne) {
    int selfInitialising = 1 << 8;
    int eax =
        cache.kind.ordinal() + 1
            | cache.level << 5
            | selfInitialising
            | sharersLessOne << 14
            | topology.addressableCoresLessOne() << 26;
    return new CpuidValues(eax, cache.ways - 1 << 22 | Cache.LINE_BYTES - 1, cache.sets - 1, 0);
  }

  private CpuidValues level1OfAmd() {
    int l1 = L1D.kibibytes() << 24 | L1D.ways << 16 | 1 << 8 | Cache.LINE_BYTES;
    return vendor == Vendor.AMD ? new CpuidValues(0, 0, l1, l1) : CpuidValues.ZERO;
  }
}
