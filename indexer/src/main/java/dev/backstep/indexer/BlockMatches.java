package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition;
import dev.backstep.indexer.query.Truth;
import dev.backstep.replay.listing.BlockInstruction;
import java.util.List;

/// Which instructions of a block meet a condition, as far as that does not depend on where in the
/// run they stand.
final class BlockMatches {
  /// Of a block none of whose instructions ever matches.
  static final BlockMatches NONE = new BlockMatches(List.of(), List.of());

  private final List<BlockInstruction> instructions;
  private final List<Truth> truths;
  // How many of the instructions before each match for certain.
  private final int[] certainBefore;
  private final boolean open;

  private BlockMatches(List<BlockInstruction> instructions, List<Truth> truths) {
    this.instructions = instructions;
    this.truths = truths;
    open = truths.contains(Truth.MAYBE);
    certainBefore = new int[truths.size() + 1];
    for (int k = 0; k < truths.size(); k++) {
      certainBefore[k + 1] = certainBefore[k] + (truths.get(k) == Truth.YES ? 1 : 0);
    }
  }

  static BlockMatches of(List<BlockInstruction> instructions, Condition condition) {
    List<Truth> truths =
        instructions.stream().map(i -> condition.truth(new InstructionFacts(i))).toList();
    return truths.stream().allMatch(truth -> truth == Truth.NO)
        ? NONE
        : new BlockMatches(instructions, truths);
  }

  /// Whether some instruction matches at some places and not at others.
  boolean isOpen() {
    return open;
  }

  /// How many of the first `executed` instructions match. Not for one that [#isOpen].
  int certain(int executed) {
    return certainBefore[executed];
  }

  Truth truth(int index) {
    return truths.get(index);
  }

  BlockInstruction instruction(int index) {
    return instructions.get(index);
  }

  int size() {
    return instructions.size();
  }
}
