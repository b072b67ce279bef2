package dev.backstep.emulator.cpuid;

/// A cache as CPUID leaf 4 (Intel) and 8000001DH (AMD) describe it.
///
/// @param sharers how many cores share one; 0: those of the package
/// @param properties EDX of either leaf: 1 WBINVD does not reach the caches below, 2 inclusive, 4
///   complex indexing
record CacheLevel(Kind kind, int level, int kibibytes, int ways, int sharers, int properties) {
  static final int LINE_BYTES = 64;

  private static final int SELF_INITIALISING = 1 << 8;

  enum Kind {
    DATA,
    INSTRUCTIONS,
    UNIFIED
  }

  int sets() {
    return kibibytes * 1024 / (LINE_BYTES * ways);
  }

  /// The leaf's answer; `eaxAbove` are the fields of EAX above bit 9.
  CpuidValues leaf(int eaxAbove) {
    int eax = kind.ordinal() + 1 | level << 5 | SELF_INITIALISING | eaxAbove;
    return new CpuidValues(eax, ways - 1 << 22 | LINE_BYTES - 1, sets() - 1, properties);
  }

  /// CPUID.80000005H:ECX and EDX.
  int level1OfAmd() {
    return kibibytes << 24 | ways << 16 | 1 << 8 | LINE_BYTES;
  }

  /// CPUID.80000006H:ECX, and EDX with a third level's size in units of 512 KiB.
  int higherLevelOfAmd() {
    int size = level == 2 ? kibibytes << 16 : kibibytes / 512 << 18;
    return size | associativityCode() << 12 | 1 << 8 | LINE_BYTES;
  }

  /// APM Vol. 3 "Function 8000_0006h", the encoding of associativity.
  private int associativityCode() {
    return switch (ways) {
      case 1 -> 1;
      case 2 -> 2;
      case 4 -> 4;
      case 8 -> 6;
      case 16 -> 8;
      case 32 -> 0xA;
      // "See 8000_001Dh".
      default -> 9;
    };
  }
}
