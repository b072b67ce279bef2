package dev.backstep.emulator.cpuid;

import java.util.Set;

/// The feature bits of a set, collected into the registers that they are answered in.
final class FeatureWords {
  private final int[] leaves = new int[CpuFeature.ALL.size()];
  private final int[] subleaves = new int[CpuFeature.ALL.size()];
  private final CpuidRegister[] registers = new CpuidRegister[CpuFeature.ALL.size()];
  private final int[] words = new int[CpuFeature.ALL.size()];
  private int count;

  FeatureWords(Set<CpuFeature> features) {
    for (CpuFeature f : CpuFeature.ALL) {
      int k = find(f.leaf(), f.subleaf(), f.register());
      if (k == count) {
        leaves[k] = f.leaf();
        subleaves[k] = f.subleaf();
        registers[k] = f.register();
        count++;
      }
      words[k] |= features.contains(f) ? f.mask() : 0;
    }
  }

  /// The index of a word, or [#count].
  private int find(int leaf, int subleaf, CpuidRegister register) {
    int k = 0;
    while (k < count
        && (leaves[k] != leaf || subleaves[k] != subleaf || registers[k] != register)) {
      k++;
    }
    return k;
  }

  int word(int leaf, int subleaf, CpuidRegister register) {
    int k = find(leaf, subleaf, register);
    return k == count ? 0 : words[k];
  }
}
