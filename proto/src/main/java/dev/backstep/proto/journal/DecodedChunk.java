package dev.backstep.proto.journal;

import dev.backstep.proto.codec.BlockColumn;
import dev.backstep.proto.codec.ColumnDecoder;
import dev.backstep.proto.codec.ColumnFormatException;
import dev.backstep.proto.codec.EventColumn;
import dev.backstep.proto.codec.InputColumn;
import dev.backstep.proto.codec.Turns;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.Chunk;
import dev.backstep.proto.v1.Column;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Input;
import java.nio.file.Path;
import java.util.List;

/// A chunk whose checksum is right. Each column is decoded when asked for, each time anew; a column
/// that does not decode is a [TraceFormatException] that names the chunk. One thread at a time.
public final class DecodedChunk {
  private final Path file;
  private final long offset;
  private final Chunk chunk;
  private final ColumnDecoder decoder;

  DecodedChunk(Path file, long offset, Chunk chunk, ColumnDecoder decoder) {
    this.file = file;
    this.offset = offset;
    this.chunk = chunk;
    this.decoder = decoder;
  }

  public int number() {
    return chunk.getNumber();
  }

  /// The position of its first instruction.
  public long firstPosition() {
    return chunk.getFirstPosition();
  }

  /// The position after its last instruction.
  public long endPosition() {
    return chunk.getFirstPosition() + chunk.getInstructionCount();
  }

  public long instructionCount() {
    return chunk.getInstructionCount();
  }

  public int entryCount() {
    return chunk.getEntryCount();
  }

  public int eventCount() {
    return chunk.getEventCount();
  }

  /// Digest of all vCPUs' registers at its end; empty if the recorder gave none.
  public byte[] registerDigest() {
    return chunk.getRegisterDigest().toByteArray();
  }

  public boolean hasMemoryDigest() {
    return chunk.hasMemoryDigest();
  }

  /// Digest of memory and devices at its end; empty without a checkpoint there.
  public byte[] memoryDigest() {
    return chunk.getMemoryDigest().toByteArray();
  }

  /// Which vCPU ran which entries.
  public Turns turns() throws TraceFormatException {
    try {
      return decoder.turns(chunk.getTurns(), chunk.getTurnCount(), chunk.getEntryCount());
    } catch (ColumnFormatException e) {
      throw flaw("turns", e);
    }
  }

  /// The sequence: block numbers (>= 0), and `~k` after a block that was left after `k`
  /// instructions. `turns` are this chunk's.
  public int[] entries(Turns turns) throws TraceFormatException {
    try {
      return decoder.sequence(chunk.getSequence(), turns);
    } catch (ColumnFormatException e) {
      throw flaw("sequence", e);
    }
  }

  /// The definitions of the blocks that ran for the first time in this chunk.
  public List<BlockDefinition> newBlocks() throws TraceFormatException {
    try {
      return BlockColumn.unpack(bytes(chunk.getBlocks()), chunk.getBlockCount());
    } catch (ColumnFormatException e) {
      throw flaw("blocks", e);
    }
  }

  /// The events in order, with absolute positions and times.
  public List<Event> events() throws TraceFormatException {
    try {
      return EventColumn.unpack(
          bytes(chunk.getEvents()), chunk.getEventCount(), firstPosition(), endPosition());
    } catch (ColumnFormatException e) {
      throw flaw("events", e);
    }
  }

  /// The external inputs in the order in which the machine consumed them.
  public List<Input> inputs() throws TraceFormatException {
    try {
      return InputColumn.unpack(
          bytes(chunk.getInputs()), chunk.getInputCount(), firstPosition(), endPosition());
    } catch (ColumnFormatException e) {
      throw flaw("inputs", e);
    }
  }

  Chunk message() {
    return chunk;
  }

  /// An error at this chunk's place in its file.
  TraceFormatException flaw(String what) {
    return TraceFormatException.inChunk(file, offset, chunk.getNumber(), what);
  }

  private static byte[] bytes(Column column) throws ColumnFormatException {
    return ColumnDecoder.bytes(column);
  }

  private TraceFormatException flaw(String column, ColumnFormatException e) {
    return flaw("column " + column + " " + e.getMessage()).causedBy(e);
  }
}
