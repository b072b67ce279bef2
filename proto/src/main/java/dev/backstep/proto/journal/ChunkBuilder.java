package dev.backstep.proto.journal;

import dev.backstep.proto.codec.BlockColumn;
import dev.backstep.proto.codec.EventColumn;
import dev.backstep.proto.codec.InputColumn;
import dev.backstep.proto.codec.SequenceCodec;
import dev.backstep.proto.codec.Turns;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Input;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Collects what happened between two positions until [TraceWriter#append] makes a chunk of it and
/// empties it. One thread at a time.
///
/// Entries: a block number (>= 0) for a block run to its end, or `~k` right after a block's number,
/// in the same turn: the block was left after `k` of its instructions. Events and inputs come in
/// the order of their positions, none after the chunk's end.
public final class ChunkBuilder {
  // All messages before compression. With one more, and the longest and worst sequence, a chunk
  // stays
  // below what a reader takes for one.
  private static final int FULL_MESSAGE_BYTES = 8 << 20;
  private static final int MAX_SINGLE_BYTES = 1 << 20;
  // Full at half of what the format allows: a caller may add a few more before it looks.
  private static final int FULL_EVENTS = EventColumn.MAX_EVENTS / 2;
  private static final int FULL_BLOCKS = BlockColumn.MAX_BLOCKS / 2;
  private static final int FULL_INPUTS = InputColumn.MAX_INPUTS / 2;

  private int[] entries = new int[4096];
  private int entryCount;
  private long instructionCount;
  private final Turns turns = new Turns();
  private final List<BlockDefinition> blocks = new ArrayList<>();
  private final List<Event> events = new ArrayList<>();
  private final List<Input> inputs = new ArrayList<>();
  private int messageBytes;
  private byte[] registerDigest = {};
  private byte[] memoryDigest = {};

  /// Adds what `vcpu` ran: `sequence[from]` to `sequence[to - 1]`, `instructions` in all. The
  /// caller sees to it that [#room()] suffices.
  public void run(int vcpu, int[] sequence, int from, int to, long instructions) {
    int count = to - from;
    if (count > room() || instructions < 0) {
      throw new IllegalArgumentException(count + " entries, room for " + room());
    }
    if (entries.length - entryCount < count) {
      int length = Math.max(entries.length * 2, entryCount + count);
      entries = Arrays.copyOf(entries, Math.min(length, SequenceCodec.MAX_ENTRIES));
    }
    System.arraycopy(sequence, from, entries, entryCount, count);
    entryCount += count;
    turns.add(vcpu, count);
    instructionCount += instructions;
  }

  /// Defines a block that this chunk runs for the first time.
  public void block(BlockDefinition block) {
    messageBytes += checkedSize(block.getSerializedSize());
    blocks.add(block);
  }

  public void event(Event event) {
    messageBytes += checkedSize(event.getSerializedSize());
    events.add(event);
  }

  public void input(Input input) {
    messageBytes += checkedSize(input.getSerializedSize());
    inputs.add(input);
  }

  /// Digest of the registers of all vCPUs at the end of the chunk.
  public void registerDigest(byte[] digest) {
    registerDigest = digest.clone();
  }

  /// Digest of memory and devices at the end of the chunk, where a checkpoint stands.
  public void memoryDigest(byte[] digest) {
    memoryDigest = digest.clone();
  }

  /// How many more entries fit.
  public int room() {
    return SequenceCodec.MAX_ENTRIES - entryCount;
  }

  /// Whether the chunk should be appended before anything else is added. A caller that asks after
  /// each event, block and input stays within the format's limits.
  public boolean isFull() {
    return room() == 0
        || events.size() >= FULL_EVENTS
        || blocks.size() >= FULL_BLOCKS
        || inputs.size() >= FULL_INPUTS
        || messageBytes >= FULL_MESSAGE_BYTES;
  }

  public boolean isEmpty() {
    return entryCount == 0 && blocks.isEmpty() && events.isEmpty() && inputs.isEmpty();
  }

  public long instructionCount() {
    return instructionCount;
  }

  public int entryCount() {
    return entryCount;
  }

  public int eventCount() {
    return events.size();
  }

  /// Empties the builder for the next chunk.
  public void clear() {
    entryCount = 0;
    instructionCount = 0;
    turns.clear();
    blocks.clear();
    events.clear();
    inputs.clear();
    messageBytes = 0;
    registerDigest = new byte[0];
    memoryDigest = new byte[0];
  }

  int[] entries() {
    return entries;
  }

  Turns turns() {
    return turns;
  }

  List<BlockDefinition> blocks() {
    return blocks;
  }

  List<Event> events() {
    return events;
  }

  List<Input> inputs() {
    return inputs;
  }

  byte[] registerDigestBytes() {
    return registerDigest;
  }

  byte[] memoryDigestBytes() {
    return memoryDigest;
  }

  private static int checkedSize(int bytes) {
    if (bytes > MAX_SINGLE_BYTES) {
      throw new IllegalArgumentException(bytes + " bytes in one event, block or input");
    }
    return bytes + 8;
  }
}
