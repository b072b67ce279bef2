package dev.backstep.indexer;

import com.google.protobuf.ByteString;
import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.TraceWriter;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// A made-up run of real instructions, the same for the same seed, and the rows that searches of it
/// must find.
final class SampleRun {
  private record Code(String hex, String mnemonic) {}

  private record Block(BlockDefinition definition, List<Code> code, long firstGpa, long nextPage) {}

  private static final List<Code> CODE =
      List.of(
          new Code("90", "nop"),
          new Code("0fa2", "cpuid"),
          new Code("0f30", "wrmsr"),
          new Code("0f32", "rdmsr"),
          new Code("89d8", "mov"),
          new Code("4889e5", "mov"),
          new Code("01d8", "add"),
          new Code("f4", "hlt"),
          new Code("50", "push"));

  final List<Row> rows = new ArrayList<>();
  final Random random;
  long position;

  private final List<Block> blocks = new ArrayList<>();
  private final SampleEvents events;
  private final int vcpus;

  SampleRun(long seed, int vcpus) {
    random = new Random(seed);
    events = new SampleEvents(random);
    this.vcpus = vcpus;
  }

  static TraceWriter create(Path trace) throws IOException {
    return TraceWriter.create(trace, Manifest.newBuilder().setBackstepVersion("test").build());
  }

  /// Writes a whole trace.
  static SampleRun write(Path trace, long seed, int chunks, int turnsPerChunk) throws IOException {
    SampleRun run = new SampleRun(seed, 3);
    try (TraceWriter writer = create(trace)) {
      for (int k = 0; k < chunks; k++) {
        run.append(writer, turnsPerChunk);
      }
      run.finish(writer);
    }
    return run;
  }

  void finish(TraceWriter writer) throws IOException {
    writer.finish(
        End.newBuilder()
            .setReason("debug-exit")
            .setFinalPosition(position)
            .setFinalDigest(ByteString.copyFrom(new byte[] {1}))
            .build());
  }

  /// Runs on for one chunk.
  void append(TraceWriter writer, int turns) throws IOException {
    ChunkBuilder builder = new ChunkBuilder();
    for (int turn = 0; turn < turns; turn++) {
      int vcpu = random.nextInt(vcpus);
      runTurn(builder, vcpu);
      for (int k = random.nextInt(4); k > 0; k--) {
        builder.event(events.next(position, vcpu, rows));
      }
    }
    writer.append(builder);
  }

  private void runTurn(ChunkBuilder builder, int vcpu) {
    int[] sequence = new int[64];
    int size = 0;
    long before = position;
    for (int k = 1 + random.nextInt(20); k > 0; k--) {
      int number = random.nextInt(blocks.size() + 1);
      if (number == blocks.size()) {
        define(builder);
      }
      Block block = blocks.get(number);
      int executed = block.code.size();
      sequence[size++] = number;
      if (random.nextInt(6) == 0) {
        executed = random.nextInt(executed);
        sequence[size++] = ~executed;
      }
      addRows(block, vcpu, executed);
      position += executed;
    }
    builder.run(vcpu, sequence, 0, size, position - before);
  }

  private void addRows(Block block, int vcpu, int executed) {
    int offset = 0;
    for (int k = 0; k < executed; k++) {
      Code code = block.code.get(k);
      long gpa = block.firstGpa + offset;
      if (block.nextPage != 0 && gpa >>> 12 != block.firstGpa >>> 12) {
        gpa = block.nextPage + (gpa & 0xFFF);
      }
      rows.add(
          new Row(
              position + k,
              true,
              Map.of(
                  "kind", List.of("instruction"),
                  "position", List.of(position + k),
                  "vcpu", List.of((long) vcpu),
                  "rip", List.of(block.definition.getRip() + offset),
                  "gpa", List.of(gpa),
                  "bytes", List.of(code.hex),
                  "mnemonic", List.of(code.mnemonic))));
      offset += code.hex.length() / 2;
    }
  }

  private void define(ChunkBuilder builder) {
    List<Code> code = new ArrayList<>();
    StringBuilder hex = new StringBuilder();
    ByteString.Output lengths = ByteString.newOutput();
    for (int k = 1 + random.nextInt(8); k > 0; k--) {
      // The last ones are common, the first rare.
      Code next = CODE.get(Math.max(random.nextInt(CODE.size()), random.nextInt(CODE.size())));
      code.add(next);
      hex.append(next.hex);
      lengths.write(next.hex.length() / 2);
    }
    boolean crosses = random.nextInt(5) == 0;
    long rip = 0xffffffff81000000L + (long) random.nextInt(16) * 4096 + (crosses ? 4094 : 64);
    long gpa = 0x100000 + (long) random.nextInt(16) * 4096 + (rip & 0xFFF);
    long nextPage = crosses ? 0x400000 + (long) random.nextInt(16) * 4096 : 0;
    BlockDefinition.Builder definition =
        BlockDefinition.newBuilder()
            .setNumber(blocks.size())
            .setMode(CodeMode.LONG_64)
            .setRip(rip)
            .addGpa(gpa)
            .setCode(ByteString.copyFrom(HexFormat.of().parseHex(hex)))
            .setInstructionLengths(lengths.toByteString());
    if (crosses) {
      definition.addGpa(nextPage);
    }
    blocks.add(new Block(definition.build(), code, gpa, nextPage));
    builder.block(blocks.getLast().definition);
  }
}
