package dev.backstep.emulator.cpuid;

import java.util.EnumSet;

/// What CPUID answers on each vCPU.
public final class CpuidTable {
  private final EnumSet<CpuFeature> features = EnumSet.noneOf(CpuFeature.class);

  public boolean has(CpuFeature feature) {
    return features.contains(feature);
  }

  /// MAXPHYADDR.
  public int physicalAddressBits() {
    return 46;
  }
}
