package dev.backstep.emulator.coverage;

import java.util.List;
import java.util.Map;

/// The mnemonics that the manuals have, by feature.
public final class KnownInstructions {
  private static final Map<String, List<String>> LISTS = WordLists.read("known-instructions.txt");

  private KnownInstructions() {}

  /// By name of the feature, in the order of the list.
  public static Map<String, List<String>> byFeature() {
    return LISTS;
  }
}
