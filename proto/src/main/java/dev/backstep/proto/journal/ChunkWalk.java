package dev.backstep.proto.journal;

import dev.backstep.proto.codec.Turns;
import dev.backstep.proto.v1.BlockDefinition;

/// Steps through the blocks that a chunk executed, with vCPU and position: everything executed, in
/// order. Checks as it goes that each block is defined, that early exits lie within their blocks,
/// and that the instructions add up to what the chunk declares.
///
/// ```
/// for (ChunkWalk walk = new ChunkWalk(chunk, blocks); walk.next(); ) { walk.position() … }
/// ```
public final class ChunkWalk {
  private final DecodedChunk chunk;
  private final BlockTable blocks;
  private final Turns turns;
  private final int[] entries;
  private int nextEntry;
  private int turn;
  private int turnEnd;
  private int number;
  private int instructions;
  private long position;

  /// `blocks` holds the definitions of all chunks up to this one.
  public ChunkWalk(DecodedChunk chunk, BlockTable blocks) throws TraceFormatException {
    if (blocks.chunks() <= chunk.number()) {
      throw new IllegalArgumentException(
          "blocks of " + blocks.chunks() + " chunks for chunk " + chunk.number());
    }
    this.chunk = chunk;
    this.blocks = blocks;
    turns = chunk.turns();
    entries = chunk.entries(turns);
    position = chunk.firstPosition();
    turn = -1;
  }

  /// Goes to the next block; false after the last.
  public boolean next() throws TraceFormatException {
    position += instructions;
    instructions = 0;
    if (nextEntry == entries.length) {
      if (position != chunk.endPosition()) {
        throw chunk.flaw(
            "holds %d instructions and declares %s"
                .formatted(
                    position - chunk.firstPosition(),
                    Long.toUnsignedString(chunk.instructionCount())));
      }
      return false;
    }
    if (nextEntry == turnEnd) {
      turnEnd += turns.entryCount(++turn);
    }
    number = entries[nextEntry++];
    if (!blocks.contains(number)) {
      throw chunk.flaw("entry " + (nextEntry - 1) + " names block " + number + ", not defined");
    }
    instructions = blocks.instructionCount(number);
    if (nextEntry < turnEnd && entries[nextEntry] < 0) {
      int executed = ~entries[nextEntry];
      if (executed >= instructions) {
        throw chunk.flaw(
            "entry %d leaves block %d, of %d instructions, after %d"
                .formatted(nextEntry, number, instructions, executed));
      }
      instructions = executed;
      nextEntry++;
    }
    return true;
  }

  /// Which vCPU ran the block.
  public int vcpu() {
    return turns.vcpu(turn);
  }

  /// The position of the block's first instruction.
  public long position() {
    return position;
  }

  public int blockNumber() {
    return number;
  }

  public BlockDefinition block() {
    return blocks.block(number);
  }

  /// How many of the block's instructions were executed, from its first.
  public int instructions() {
    return instructions;
  }
}
