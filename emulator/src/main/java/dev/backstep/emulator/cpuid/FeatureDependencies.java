package dev.backstep.emulator.cpuid;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a feature builds on: no processor has one without the other, and without the other's state
/// it could not work. SDM Vol. 1 "Detection of …" of each instruction set extension.
final class FeatureDependencies {
  private FeatureDependencies() {}

  /// The feature that `feature` builds on, or null.
  static @Nullable CpuFeature of(CpuFeature feature) {
    return switch (feature) {
      case MMXEXT -> CpuFeature.MMX;
      case SSE, FXSR_OPT -> CpuFeature.FXSR;
      case SSE2 -> CpuFeature.SSE;
      case PNI, AES, PCLMULQDQ, SHA_NI, GFNI, MISALIGNSSE -> CpuFeature.SSE2;
      case SSSE3, SSE4A -> CpuFeature.PNI;
      case SSE4_1 -> CpuFeature.SSSE3;
      case SSE4_2 -> CpuFeature.SSE4_1;
      case AVX, XSAVEOPT, XSAVEC, XGETBV1, XFD, MPX -> CpuFeature.XSAVE;
      case XSAVES -> CpuFeature.XSAVEC;
      case AVX2, FMA, F16C, VAES, VPCLMULQDQ, XOP, FMA4 -> CpuFeature.AVX;
      case AVX512F, AVX_VNNI, AVX_IFMA -> CpuFeature.AVX2;
      case X2APIC, TSC_DEADLINE_TIMER -> CpuFeature.APIC;
      case RDTSCP, TSC_ADJUST -> CpuFeature.TSC;
      case LM -> CpuFeature.PAE;
      case NX -> CpuFeature.PAE;
      case PDPE1GB, LA57, PCID, PKU, PKS, LAM, FSGSBASE, LAHF_LM, CX16 -> CpuFeature.LM;
      default -> null;
    };
  }

  /// Removes what builds on something that is not there.
  static void removeUnsupported(EnumSet<CpuFeature> features) {
    boolean removed = true;
    while (removed) {
      removed = features.removeIf(f -> lacks(features, f) != null);
    }
  }

  /// What `feature` builds on and `features` lack, or null.
  static @Nullable CpuFeature lacks(Set<CpuFeature> features, CpuFeature feature) {
    CpuFeature needed = of(feature);
    return needed == null || features.contains(needed) ? null : needed;
  }
}
