package dev.backstep.replay;

import dev.backstep.proto.codec.Turns;
import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Input;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// What a chunk holds, to be changed by a test.
final class ChunkContent {
  /// One entry of the sequence and the vCPU that ran it.
  record Entry(int vcpu, int value) {}

  final int number;
  final List<Entry> entries = new ArrayList<>();
  final List<BlockDefinition> blocks;
  final List<Event> events;
  final List<Input> inputs;
  byte[] registerDigest;
  byte[] memoryDigest;

  ChunkContent(DecodedChunk chunk) throws IOException {
    number = chunk.number();
    Turns turns = chunk.turns();
    int[] values = chunk.entries(turns);
    int next = 0;
    for (int turn = 0; turn < turns.size(); turn++) {
      for (int k = 0; k < turns.entryCount(turn); k++) {
        entries.add(new Entry(turns.vcpu(turn), values[next++]));
      }
    }
    blocks = new ArrayList<>(chunk.newBlocks());
    events = new ArrayList<>(chunk.events());
    inputs = new ArrayList<>(chunk.inputs());
    registerDigest = chunk.registerDigest();
    memoryDigest = chunk.memoryDigest();
  }

  /// @param table says how many instructions each block has
  void fill(ChunkBuilder builder, BlockTable table) {
    for (int k = 0; k < entries.size(); k++) {
      Entry entry = entries.get(k);
      boolean left = k + 1 < entries.size() && entries.get(k + 1).value < 0;
      int instructions = left ? ~entries.get(k + 1).value : table.instructionCount(entry.value);
      int[] values =
          left ? new int[] {entry.value, entries.get(++k).value} : new int[] {entry.value};
      builder.run(entry.vcpu, values, 0, values.length, instructions);
    }
    blocks.forEach(builder::block);
    events.forEach(builder::event);
    inputs.forEach(builder::input);
    builder.registerDigest(registerDigest);
    builder.memoryDigest(memoryDigest);
  }
}
