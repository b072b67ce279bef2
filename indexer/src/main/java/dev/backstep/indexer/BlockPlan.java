package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition;
import dev.backstep.proto.journal.BlockTable;
import dev.backstep.replay.listing.BlockDecoder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A condition with what it means for each block, worked out when a block is first met.
final class BlockPlan {
  private static final int FIRST_BLOCKS = 1024;

  private final Condition condition;
  private final BlockTable blocks;
  private final BlockDecoder decoder;
  private @Nullable BlockMatches[] known = new BlockMatches[FIRST_BLOCKS];

  BlockPlan(Condition condition, BlockTable blocks, BlockDecoder decoder) {
    this.condition = condition;
    this.blocks = blocks;
    this.decoder = decoder;
  }

  Condition condition() {
    return condition;
  }

  BlockMatches matches(int block) {
    if (block >= known.length) {
      known = Arrays.copyOf(known, Math.max(block + 1, known.length * 2));
    }
    BlockMatches matches = known[block];
    if (matches == null) {
      matches = BlockMatches.of(decoder.instructions(blocks.block(block)), condition);
      known[block] = matches;
    }
    return matches;
  }
}
