package dev.backstep.emulator.cpuid;

import java.util.Set;

/// The feature bits of a set, collected into the registers that they are answered in.
final class FeatureWords {
  private final int[] words = new int[CpuidWord.values().length];

  FeatureWords(Set<CpuFeature> features) {
    for (CpuFeature f : features) {
      words[f.word().ordinal()] |= f.mask();
    }
  }

  int word(CpuidWord word) {
    return words[word.ordinal()];
  }
}
