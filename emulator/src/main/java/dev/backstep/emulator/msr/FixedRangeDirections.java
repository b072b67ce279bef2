package dev.backstep.emulator.msr;

import dev.backstep.emulator.mmu.Mtrrs;
import dev.backstep.emulator.vcpu.Vcpu;

/// AMD's SYSCFG, and what it adds to fixed-range MTRRs: bits that direct reads and writes to memory
/// or to memory-mapped I/O. They are kept and have no effect, as the board directs accesses itself.
/// APM Vol. 2 "Extended Fixed-Range MTRR Type-Field Encodings".
///
/// ```
/// SYSCFG       22 Tom2ForceMemTypeWB  21 MtrrTom2En  20 MtrrVarDramEn  19 MtrrFixDramModEn  18 MtrrFixDramEn
/// fixed, each byte   4 RdMem   3 WrMem   2..0 type
/// ```
final class FixedRangeDirections {
  private static final int SYSCFG = 0xC001_0010;
  private static final long SYSCFG_BITS = 0x1F << 18;
  private static final long MODIFIABLE = 1 << 19;
  private static final long READ_AND_WRITE = 0x1818_1818_1818_1818L;

  private FixedRangeDirections() {}

  static void addTo(MsrList list) {
    list.add(
        SYSCFG,
        "SYSCFG",
        c -> c.msr.systemConfiguration,
        (c, value) -> {
          Msr.checkReserved(c, value, SYSCFG_BITS);
          c.msr.systemConfiguration = value;
        });
  }

  private static boolean areModifiable(Vcpu c) {
    return (c.msr.systemConfiguration & MODIFIABLE) != 0;
  }

  /// Fixed-range register `k` as RDMSR shows it.
  static long read(Vcpu c, int k) {
    long directions = areModifiable(c) ? c.msr.fixedRangeDirections[k] : 0;
    return c.mmu.mtrrs().fixed(k) | directions;
  }

  /// @return false for a reserved type: #GP
  static boolean write(Vcpu c, int k, long value) {
    Mtrrs mtrrs = c.mmu.mtrrs();
    if (!mtrrs.setFixed(k, value & ~READ_AND_WRITE)) {
      return false;
    }
    if (areModifiable(c)) {
      c.msr.fixedRangeDirections[k] = value & READ_AND_WRITE;
    }
    return true;
  }
}
