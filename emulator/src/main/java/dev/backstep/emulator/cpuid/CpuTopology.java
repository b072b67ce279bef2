package dev.backstep.emulator.cpuid;

/// One package of single-threaded cores; the x2APIC ID of a core is its vCPU's number. SDM Vol. 3
/// "Hierarchical Mapping of Shared Resources"; Vol. 2 CPUID leaves 0BH and 1FH.
final class CpuTopology {
  private static final int SMT_LEVEL = 1 << 8;
  private static final int CORE_LEVEL = 2 << 8;

  /// The field of leaf 1 is a byte.
  private static final int MOST_IN_LEAF_1 = 128;

  /// The field of leaf 4 has six bits.
  private static final int MOST_IN_LEAF_4 = 64;

  private final int vcpus;

  CpuTopology(int vcpus) {
    this.vcpus = vcpus;
  }

  private int idBits() {
    return 32 - Integer.numberOfLeadingZeros(vcpus - 1);
  }

  /// CPUID.1:EBX[23:16], a power of two.
  int addressableIds() {
    return Math.min(1 << idBits(), MOST_IN_LEAF_1);
  }

  /// CPUID.4:EAX[31:26].
  int addressableCoresLessOne() {
    return Math.min(1 << idBits(), MOST_IN_LEAF_4) - 1;
  }

  int vcpus() {
    return vcpus;
  }

  int idBitsOfPackage() {
    return idBits();
  }

  CpuidValues leaf(int subleaf, int x2apicId) {
    return switch (subleaf) {
      case 0 -> new CpuidValues(0, 1, SMT_LEVEL, x2apicId);
      case 1 -> new CpuidValues(idBits(), vcpus, CORE_LEVEL | 1, x2apicId);
      default -> new CpuidValues(0, 0, subleaf & 0xFF, x2apicId);
    };
  }

  /// APM Vol. 3 "Function 8000_001Eh": APIC ID, core with one thread, one node.
  static CpuidValues leafOfAmd(int x2apicId) {
    return new CpuidValues(x2apicId, x2apicId & 0xFF, 0, 0);
  }
}
