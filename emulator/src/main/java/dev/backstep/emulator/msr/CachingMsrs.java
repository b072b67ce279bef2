package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.mmu.Mtrrs;
import dev.backstep.emulator.mmu.Pat;
import dev.backstep.emulator.vcpu.Vcpu;

/// MTRRs and the PAT. Translations hold memory types, so a write forgets them.
final class CachingMsrs {
  private static final int[] FIXED_INDEXES = {
    0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F
  };
  private static final String[] FIXED_NAMES = {
    "64K_00000",
    "16K_80000",
    "16K_A0000",
    "4K_C0000",
    "4K_C8000",
    "4K_D0000",
    "4K_D8000",
    "4K_E0000",
    "4K_E8000",
    "4K_F0000",
    "4K_F8000"
  };

  private CachingMsrs() {}

  static void addTo(MsrList list, CpuidTable cpuid, MsrPolicy.MoreRegisters more) {
    if (cpuid.has(CpuFeature.PAT)) {
      list.add(0x277, "IA32_PAT", c -> c.msr.pat, CachingMsrs::writePat);
    }
    if (!cpuid.has(CpuFeature.MTRR)) {
      return;
    }
    list.constant(0xFE, "IA32_MTRRCAP", Mtrrs.CAPABILITY);
    list.add(
        0x2FF,
        "IA32_MTRR_DEF_TYPE",
        c -> c.mmu.mtrrs().defType(),
        (c, value) -> written(c, c.mmu.mtrrs().setDefType(value)));
    for (int k = 0; k < Mtrrs.VARIABLE_RANGES; k++) {
      addVariable(list, k);
    }
    boolean directed = cpuid.vendor() == Vendor.AMD && more == MsrPolicy.MoreRegisters.NONE;
    if (directed) {
      FixedRangeDirections.addTo(list);
    }
    for (int k = 0; k < FIXED_INDEXES.length; k++) {
      if (directed) {
        addDirected(list, k);
      } else {
        addFixed(list, k);
      }
    }
  }

  private static void addVariable(MsrList list, int k) {
    list.add(
        0x200 + 2 * k,
        "IA32_MTRR_PHYSBASE" + k,
        c -> c.mmu.mtrrs().base(k),
        (c, value) -> written(c, c.mmu.mtrrs().setBase(k, value)));
    list.add(
        0x201 + 2 * k,
        "IA32_MTRR_PHYSMASK" + k,
        c -> c.mmu.mtrrs().mask(k),
        (c, value) -> written(c, c.mmu.mtrrs().setMask(k, value)));
  }

  private static void addFixed(MsrList list, int k) {
    list.add(
        FIXED_INDEXES[k],
        "IA32_MTRR_FIX" + FIXED_NAMES[k],
        c -> c.mmu.mtrrs().fixed(k),
        (c, value) -> written(c, c.mmu.mtrrs().setFixed(k, value)));
  }

  private static void addDirected(MsrList list, int k) {
    list.add(
        FIXED_INDEXES[k],
        "IA32_MTRR_FIX" + FIXED_NAMES[k],
        c -> FixedRangeDirections.read(c, k),
        (c, value) -> written(c, FixedRangeDirections.write(c, k, value)));
  }

  private static void written(Vcpu c, boolean accepted) {
    if (!accepted) {
      throw Msr.fault(c);
    }
    c.mmu.translations().flushAll("wrmsr-mtrr");
  }

  private static void writePat(Vcpu c, long value) {
    if (!Pat.isValid(value)) {
      throw Msr.fault(c);
    }
    c.msr.pat = value;
    c.mmu.translations().flushAll("wrmsr-pat");
  }
}
