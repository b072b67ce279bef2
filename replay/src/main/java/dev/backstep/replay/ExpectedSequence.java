package dev.backstep.replay;

import dev.backstep.proto.codec.Turns;
import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.DecodedChunk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;

/// The block sequence as journaled, walked chunk by chunk. A journal that cannot be read is an
/// UncheckedIOException.
final class ExpectedSequence {
  /// No entry, or no block.
  static final int NONE = Integer.MIN_VALUE;

  private final RecentChunks chunks;
  private final BlockTable blocks = new BlockTable();
  private DecodedChunk chunk;
  private Turns turns = new Turns();
  private int[] entries = {};
  private int entry;
  private int turn;
  private int leftInTurn;
  private int lastBlock = NONE;
  private long eventsThrough;

  /// @param chunks at least one
  ExpectedSequence(RecentChunks chunks) {
    this.chunks = chunks;
    this.chunk = enter(0);
  }

  private DecodedChunk enter(int number) {
    try {
      DecodedChunk next = chunks.chunk(number);
      blocks.add(next);
      turns = next.turns();
      entries = next.entries(turns);
      entry = 0;
      turn = 0;
      leftInTurn = turns.size() == 0 ? 0 : turns.entryCount(0);
      eventsThrough += next.eventCount();
      return next;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The chunk whose entries are compared now.
  DecodedChunk chunk() {
    return chunk;
  }

  boolean isLastChunk() {
    return chunk.number() == chunks.count() - 1;
  }

  /// Whether all entries of this chunk were passed.
  boolean isChunkFinished() {
    return entry == entries.length;
  }

  /// The position after everything that was executed.
  long endPosition() {
    return chunks.endPosition();
  }

  /// Whether nothing more was executed, in this chunk or later.
  boolean isFinished() {
    return isChunkFinished() && chunk.endPosition() == endPosition();
  }

  /// Goes on to the next chunk; the present one is finished and not the last.
  void advanceChunk() {
    chunk = enter(chunk.number() + 1);
  }

  /// The blocks of all chunks up to this one.
  BlockTable blocks() {
    return blocks;
  }

  /// The events of all chunks up to this one.
  long eventsThrough() {
    return eventsThrough;
  }

  /// The vCPU that ran the next entry, or -1 at the end of the chunk.
  int vcpu() {
    return isChunkFinished() ? -1 : turns.vcpu(turn);
  }

  /// The next entry, or [#NONE] at the end of the chunk.
  int entry() {
    return isChunkFinished() ? NONE : entries[entry];
  }

  /// The entry after the next one, in the same turn, or [#NONE].
  int entryAfter() {
    return leftInTurn > 1 ? entries[entry + 1] : NONE;
  }

  /// The block that was passed last, or [#NONE].
  int lastBlock() {
    return lastBlock;
  }

  /// Passes those of `found[from..to)` that agree with the journal, up to the end of the vCPU's
  /// turn, and says how many they were.
  int matching(int vcpu, int[] found, int from, int to) {
    if (vcpu() != vcpu) {
      return 0;
    }
    int most = Math.min(leftInTurn, to - from);
    int mismatch = Arrays.mismatch(found, from, from + most, entries, entry, entry + most);
    int matched = mismatch < 0 ? most : mismatch;
    pass(matched);
    return matched;
  }

  private void pass(int count) {
    entry += count;
    leftInTurn -= count;
    if (leftInTurn == 0 && turn + 1 < turns.size()) {
      turn++;
      leftInTurn = turns.entryCount(turn);
    }
    for (int k = entry - 1; k >= entry - count; k--) {
      if (entries[k] >= 0) {
        lastBlock = entries[k];
        return;
      }
    }
  }
}
