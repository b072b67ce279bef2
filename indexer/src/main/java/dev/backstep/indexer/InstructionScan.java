package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition;
import dev.backstep.indexer.query.Condition.Constant;
import dev.backstep.indexer.query.Condition.Fact;
import dev.backstep.indexer.query.Facts;
import dev.backstep.indexer.query.Fields;
import dev.backstep.indexer.query.Truth;
import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.ChunkWalk;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.replay.listing.BlockDecoder;
import dev.backstep.replay.listing.BlockInstruction;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Goes through the executions of blocks in which an instruction may match, in order, in the chunks
/// that the index names. What cannot match is passed over in large steps: chunks by their
/// positions, then blocks, for each of which the condition is worked out only once per vCPU.
///
/// ```
/// while (scan.nextChunk()) { while (scan.nextRun()) { scan.matches() … } }
/// ```
final class InstructionScan {
  // Plans differ in which of the ranges of positions and vCPUs are met: few at a time.
  private static final int MOST_PLANS = 4;

  private final TraceReader reader;
  private final Condition condition;
  private final DocWalk candidates;
  private final DamageNote damage;
  private final BlockTable blocks = new BlockTable();
  private final BlockDecoder decoder = new BlockDecoder();
  private final Map<Condition, BlockPlan> plans = new HashMap<>();
  private final Map<Integer, BlockPlan> plansByVcpu = new HashMap<>();

  private int chunk;
  private long chunkFirst;
  private long chunkEnd;
  private Condition left = Constant.NOTHING;
  private @Nullable ChunkWalk walk;
  private int vcpu;
  private long position;
  private int executed;
  private BlockPlan plan;
  private BlockMatches matches = BlockMatches.NONE;

  InstructionScan(TraceReader reader, Condition condition, DocWalk candidates, DamageNote damage) {
    this.reader = reader;
    this.condition = condition.given(InstructionScan::ofAnyInstruction);
    this.candidates = candidates;
    this.damage = damage;
    plan = new BlockPlan(Constant.NOTHING, blocks, decoder);
  }

  /// What holds of every instruction, and what of none.
  private static Truth ofAnyInstruction(Fact fact) {
    if (fact.field().equals(Fields.KIND)) {
      return Truth.of(fact.wanted().accepts(Fields.INSTRUCTION));
    }
    return Fields.has(Fields.INSTRUCTION, fact.field()) ? Truth.MAYBE : Truth.NO;
  }

  /// Goes to the next chunk in which an instruction may match; false if there is none.
  boolean nextChunk() throws IOException {
    walk = null;
    while (candidates.next()) {
      chunk = candidates.chunk(reader.chunkCount());
      if (damage.covers(chunk)) {
        return false;
      }
      chunkFirst = reader.firstPosition(chunk);
      chunkEnd =
          chunk + 1 < reader.chunkCount() ? reader.firstPosition(chunk + 1) : reader.endPosition();
      left = condition.given(new StretchFacts(chunkFirst, chunkEnd - 1));
      if (chunkFirst != chunkEnd && left != Constant.NOTHING) {
        return true;
      }
    }
    return false;
  }

  /// Whether every instruction of the chunk matches; then [#instructionsOfChunk] says how many.
  boolean wholeChunkMatches() {
    return left == Constant.EVERYTHING;
  }

  long instructionsOfChunk() {
    return chunkEnd - chunkFirst;
  }

  /// Goes to the chunk's next execution of a block in which an instruction may match; false if
  /// there is none.
  boolean nextRun() throws IOException {
    try {
      return nextRunInSoundChunk();
    } catch (TraceFormatException e) {
      damage.add(chunk, e);
      return false;
    }
  }

  private boolean nextRunInSoundChunk() throws IOException {
    ChunkWalk in = walk == null ? enter() : walk;
    while (in.next()) {
      if (in.vcpu() != vcpu) {
        vcpu = in.vcpu();
        plan = planOf(vcpu);
      }
      BlockMatches found = plan.matches(in.blockNumber());
      if (found != BlockMatches.NONE && in.instructions() > 0) {
        matches = found;
        position = in.position();
        executed = in.instructions();
        return true;
      }
    }
    return false;
  }

  private ChunkWalk enter() throws IOException {
    DecodedChunk decoded = reader.chunk(chunk);
    if (blocks.chunks() <= chunk) {
      if (chunk > 0) {
        reader.blocksThrough(chunk - 1, blocks);
      }
      blocks.add(decoded);
    }
    ChunkWalk in = new ChunkWalk(decoded, blocks);
    walk = in;
    vcpu = -1;
    plansByVcpu.clear();
    return in;
  }

  private BlockPlan planOf(int ofVcpu) {
    return plansByVcpu.computeIfAbsent(
        ofVcpu,
        v -> {
          Facts where =
              fact ->
                  fact.field().equals(Fields.VCPU)
                      ? Truth.of(fact.wanted().accepts(v))
                      : Truth.MAYBE;
          Condition open = left.given(where);
          if (plans.size() >= MOST_PLANS && !plans.containsKey(open)) {
            plans.clear();
          }
          return plans.computeIfAbsent(open, c -> new BlockPlan(c, blocks, decoder));
        });
  }

  /// Which vCPU ran the block.
  int vcpu() {
    return vcpu;
  }

  /// The position of the block's first instruction.
  long position() {
    return position;
  }

  /// How many of the block's instructions were executed, from its first.
  int executed() {
    return executed;
  }

  /// What is known of the block's instructions.
  BlockMatches matches() {
    return matches;
  }

  /// Whether the block's instruction with this index, having been executed here, matches.
  boolean matches(int index) {
    return switch (matches.truth(index)) {
      case NO -> false;
      case YES -> true;
      case MAYBE -> {
        InstructionFacts facts = new InstructionFacts(matches.instruction(index));
        StretchFacts where = new StretchFacts(position + index, position + index);
        Facts here =
            fact -> fact.field().equals(Fields.POSITION) ? where.truth(fact) : facts.truth(fact);
        yield plan.condition().truth(here) == Truth.YES;
      }
    };
  }

  /// How many of the block's instructions match.
  int count() {
    if (!matches.isOpen()) {
      return matches.certain(executed);
    }
    int count = 0;
    for (int k = 0; k < executed; k++) {
      count += matches(k) ? 1 : 0;
    }
    return count;
  }

  BlockInstruction instruction(int index) {
    return matches.instruction(index);
  }
}
