package dev.backstep.emulator.msr;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidTable;
import dev.backstep.emulator.vcpu.Vcpu;

/// Registers that a feature brings: supervisor states of XSAVE, and the controls of speculation,
/// which are kept and have no effect, as this processor does not speculate. SDM Vol. 4 "IA-32
/// Architectural MSRs"; APM Vol. 2 "Speculation Control MSRs".
final class FeatureMsrs {
  private static final long IBRS = 1;
  private static final long STIBP = 1 << 1;
  private static final long SSBD = 1 << 2;
  private static final long PSFD = 1 << 7;

  /// RDCL_NO, SSB_NO, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO,
  /// PBRSB_NO, GDS_NO, RFDS_NO: nothing leaks through speculation that is not there.
  private static final long NOT_VULNERABLE =
      1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 8 | 1 << 13 | 1 << 14 | 1 << 15 | 1 << 20 | 1 << 24
          | 1 << 26 | 1 << 27;

  /// IBRS may stay set.
  private static final long IBRS_ALL = 1 << 1;

  private FeatureMsrs() {}

  static void addTo(MsrList list, CpuidTable cpuid) {
    if (cpuid.has(CpuFeature.XSAVES)) {
      long states = cpuid.supervisorStates();
      list.add(
          0xDA0,
          "IA32_XSS",
          c -> c.msr.xss,
          (c, value) -> {
            Msr.checkReserved(c, value, states);
            c.msr.xss = value;
          });
    }
    addSpeculationControl(list, cpuid);
    if (cpuid.has(CpuFeature.SPEC_CTRL) || cpuid.has(CpuFeature.AMD_IBPB)) {
      command(list, 0x49, "IA32_PRED_CMD");
    }
    if (cpuid.has(CpuFeature.FLUSH_L1D)) {
      command(list, 0x10B, "IA32_FLUSH_CMD");
    }
    if (cpuid.has(CpuFeature.ARCH_CAPABILITIES)) {
      list.add(
          0x10A,
          "IA32_ARCH_CAPABILITIES",
          c -> c.msr.archCapabilities,
          Msr.READ_ONLY,
          (c, value) -> c.msr.archCapabilities = value);
    }
  }

  /// IA32_ARCH_CAPABILITIES of a processor that has it.
  static long archCapabilities(CpuidTable cpuid) {
    return NOT_VULNERABLE | (cpuid.has(CpuFeature.SPEC_CTRL) ? IBRS_ALL : 0);
  }

  private static void addSpeculationControl(MsrList list, CpuidTable cpuid) {
    boolean ibrs = cpuid.has(CpuFeature.SPEC_CTRL) || cpuid.has(CpuFeature.AMD_IBRS);
    boolean stibp = cpuid.has(CpuFeature.INTEL_STIBP) || cpuid.has(CpuFeature.AMD_STIBP);
    boolean ssbd = cpuid.has(CpuFeature.SPEC_CTRL_SSBD) || cpuid.has(CpuFeature.AMD_SSBD);
    // SDM Vol. 4 "IA32_SPEC_CTRL": STIBP may be written where only IBRS is enumerated.
    long bits = ibrs ? IBRS | STIBP : stibp ? STIBP : 0;
    bits |= ssbd ? SSBD : 0;
    bits |= cpuid.has(CpuFeature.AMD_PSFD) || cpuid.has(CpuFeature.PSFD) ? PSFD : 0;
    if (bits == 0) {
      return;
    }
    long allowed = bits;
    list.add(
        0x48,
        "IA32_SPEC_CTRL",
        c -> c.msr.speculationControl,
        (c, value) -> {
          Msr.checkReserved(c, value, allowed);
          c.msr.speculationControl = value;
        });
  }

  /// A register of one bit that can only be written.
  private static void command(MsrList list, int index, String name) {
    list.add(index, name, FeatureMsrs::refuse, (c, value) -> Msr.checkReserved(c, value, 1));
  }

  private static long refuse(Vcpu c) {
    throw Msr.fault(c);
  }
}
