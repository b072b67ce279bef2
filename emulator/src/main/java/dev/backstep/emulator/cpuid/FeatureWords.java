package dev.backstep.emulator.cpuid;

import java.util.Set;

/// The feature bits of a set, collected into the registers that they are answered in.
final class FeatureWords {
  private final int[] words = new int[CpuidWord.values().length];

  FeatureWords(Set<CpuFeature> features) {
    for (CpuFeature f : CpuFeature.ALL) {
      words[f.word().ordinal()] |= features.contains(f) ? f.mask() : 0;
    }
  }

  int word(CpuidWord word) {
    return words[word.ordinal()];
  }
}
