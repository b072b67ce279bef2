package dev.backstep.replay;

import dev.backstep.proto.codec.Turns;
import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.util.Arrays;

/// The block sequence as journaled, walked chunk by chunk.
final class ExpectedSequence {
  private final TraceReader reader;
  private final BlockTable blocks = new BlockTable();
  private int chunkNumber = -1;
  private DecodedChunk chunk;
  private Turns turns = new Turns();
  private int[] entries = {};
  private int entry;
  private int turn;
  private int leftInTurn;

  ExpectedSequence(TraceReader reader) throws IOException {
    this.reader = reader;
    this.chunk = nextChunk();
  }

  private DecodedChunk nextChunk() throws IOException {
    chunkNumber++;
    DecodedChunk next = reader.chunk(chunkNumber);
    blocks.add(next);
    turns = next.turns();
    entries = next.entries(turns);
    entry = 0;
    turn = 0;
    leftInTurn = turns.size() == 0 ? 0 : turns.entryCount(0);
    return next;
  }

  /// The chunk whose entries are compared now.
  DecodedChunk chunk() {
    return chunk;
  }

  int chunkNumber() {
    return chunkNumber;
  }

  boolean isLastChunk() {
    return chunkNumber == reader.chunkCount() - 1;
  }

  boolean isChunkFinished() {
    return entry == entries.length;
  }

  /// Goes on to the next chunk; the present one is finished and not the last.
  void advanceChunk() throws IOException {
    chunk = nextChunk();
  }

  BlockTable blocks() {
    return blocks;
  }

  /// The vCPU that ran the next entry, or -1 at the end of the chunk.
  int vcpu() {
    return isChunkFinished() ? -1 : turns.vcpu(turn);
  }

  /// The next entry; the chunk is not finished.
  int entry() {
    return entries[entry];
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
    entry += matched;
    leftInTurn -= matched;
    if (leftInTurn == 0 && turn + 1 < turns.size()) {
      turn++;
      leftInTurn = turns.entryCount(turn);
    }
    return matched;
  }
}
