package dev.backstep.replay;

import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.replay.ReplayResult.Diverged;
import dev.backstep.replay.listing.BlockDecoder;
import dev.backstep.replay.listing.BlockInstruction;
import java.util.List;

/// Says where exactly two block sequences part: blocks may begin alike, and one run may leave a
/// block that the other runs to its end.
final class SequenceDifference {
  /// What one run does next.
  ///
  /// @param vcpu on which vCPU
  /// @param block number of the block
  /// @param executed how many of its instructions
  private record Step(int vcpu, int block, int executed) {}

  private final BlockTable blocks;

  private SequenceDifference(BlockTable blocks) {
    this.blocks = blocks;
  }

  /// @param expected stands at the entry that does not agree
  /// @param vcpu which vCPU ran `found`
  /// @param firstPosition of `found[0]`
  /// @param from index of the first of `found[0..to)` that does not agree
  static Diverged of(
      ExpectedSequence expected, int vcpu, long firstPosition, int[] found, int from, int to) {
    SequenceDifference difference = new SequenceDifference(expected.blocks());
    long position = firstPosition + difference.instructionsBefore(found, from);
    int last = expected.lastBlock();
    boolean samePlace = expected.vcpu() == vcpu;
    if (last != ExpectedSequence.NONE && (found[from] < 0 || samePlace && expected.entry() < 0)) {
      int length = expected.blocks().instructionCount(last);
      Step wanted = new Step(vcpu, last, samePlace ? executed(expected.entry(), length) : length);
      Step seen = new Step(vcpu, last, executed(found[from], length));
      return difference.at(position - length, wanted, seen);
    }
    if (expected.isChunkFinished()) {
      String text = difference.describe(new Step(vcpu, found[from], 1), 0);
      return diverged(position, vcpu, "the end of the run", text);
    }
    int after = from + 1 < to ? found[from + 1] : ExpectedSequence.NONE;
    return difference.at(
        position,
        difference.step(expected.vcpu(), expected.entry(), expected.entryAfter()),
        difference.step(vcpu, found[from], after));
  }

  private static int executed(int entry, int otherwise) {
    return entry < 0 && entry != ExpectedSequence.NONE ? ~entry : otherwise;
  }

  private Step step(int vcpu, int block, int after) {
    int length = blocks.contains(block) ? blocks.instructionCount(block) : 1;
    return new Step(vcpu, block, executed(after, length));
  }

  /// Instructions that the first `to` entries retired; all of them agreed with the journal. The
  /// block before an early exit that did not agree counts in full.
  private long instructionsBefore(int[] entries, int to) {
    long sum = 0;
    int last = 0;
    for (int k = 0; k < to; k++) {
      if (entries[k] < 0) {
        sum += ~entries[k] - last;
        last = 0;
      } else {
        last = blocks.instructionCount(entries[k]);
        sum += last;
      }
    }
    return sum;
  }

  /// Both steps begin at `position`.
  private Diverged at(long position, Step wanted, Step seen) {
    int agreed = wanted.vcpu == seen.vcpu ? alike(wanted, seen) : 0;
    return diverged(position + agreed, seen.vcpu, describe(wanted, agreed), describe(seen, agreed));
  }

  private int alike(Step wanted, Step seen) {
    int most = Math.min(wanted.executed, seen.executed);
    if (wanted.block == seen.block) {
      return most;
    }
    if (!blocks.contains(wanted.block) || !blocks.contains(seen.block)) {
      return 0;
    }
    List<BlockInstruction> a = instructions(wanted.block);
    List<BlockInstruction> b = instructions(seen.block);
    int alike = 0;
    while (alike < most && a.get(alike).isSameAs(b.get(alike))) {
      alike++;
    }
    return alike;
  }

  private String describe(Step step, int at) {
    if (!blocks.contains(step.block)) {
      return "vcpu%d runs block %d, which is not in the journal".formatted(step.vcpu, step.block);
    }
    BlockDefinition block = blocks.block(step.block);
    if (at >= step.executed) {
      return "vcpu%d leaves block %d at 0x%x after %d instructions"
          .formatted(step.vcpu, step.block, block.getRip(), step.executed);
    }
    BlockInstruction i = instructions(step.block).get(at);
    return "vcpu%d at 0x%x: %s (block %d)".formatted(step.vcpu, i.rip(), i.text(), step.block);
  }

  private List<BlockInstruction> instructions(int block) {
    return new BlockDecoder().instructions(blocks.block(block));
  }

  private static Diverged diverged(long position, int vcpu, String expected, String found) {
    return new Diverged(position, vcpu, Diverged.INSTRUCTION, expected, found, List.of());
  }
}
