package dev.backstep.emulator.cpuid;

import java.util.Set;

/// The feature bits of a set, collected into the registers that they are answered in.
final class FeatureWords {
  private final Set<CpuFeature> features;

  FeatureWords(Set<CpuFeature> features) {
    this.features = features;
  }

  int word(int leaf, int subleaf, CpuidRegister register) {
    int word = 0;
    for (CpuFeature f : CpuFeature.ALL) {
      boolean here = f.leaf() == leaf && f.subleaf() == subleaf && f.register() == register;
      if (here && features.contains(f)) {
        word |= f.mask();
      }
    }
    return word;
  }
}
