package dev.backstep.proto.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.ClockInput;
import dev.backstep.proto.v1.CodeMode;
import dev.backstep.proto.v1.ConsoleInput;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.EntropyInput;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Image;
import dev.backstep.proto.v1.Input;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/// Makes the golden trace of the format's version, and lists what any trace holds.
///
/// `main FOLDER` writes `FOLDER/trace` and `FOLDER/expected.txt`. This is done once for a version;
/// what is committed then never changes, whatever becomes of this class.
final class GoldenTrace {
  private static final HexFormat HEX = HexFormat.of();

  private GoldenTrace() {}

  public static void main(String[] arguments) throws IOException {
    Path trace = Path.of(arguments[0]).resolve("trace");
    write(trace);
    try (TraceReader reader = TraceReader.open(trace)) {
      Files.writeString(Path.of(arguments[0]).resolve("expected.txt"), listing(reader));
    }
  }

  private static void write(Path trace) throws IOException {
    Manifest manifest =
        RandomRun.manifest().toBuilder()
            .addImages(
                Image.newBuilder()
                    .setRole("kernel")
                    .setPath("guest.elf")
                    .setSize(4096)
                    .setSha256(ByteString.copyFrom(new byte[32])))
            .build();
    try (TraceWriter writer = TraceWriter.create(trace, manifest)) {
      ChunkBuilder builder = new ChunkBuilder();
      builder.block(block(0, CodeMode.REAL, "fa", 1));
      builder.block(block(1, CodeMode.LONG_64, "0fa2 4883c001 ebf8", 2, 4, 2));
      builder.run(0, new int[] {0, 1, 1, 1, ~2}, 0, 5, 9);
      builder.run(1, new int[] {1, 1, 1, 1, 1, 1}, 0, 6, 18);
      addEvents(builder, 0);
      builder.input(
          Input.newBuilder()
              .setPosition(3)
              .setClock(ClockInput.newBuilder().setDevice("rtc").setSeconds(1_700_000_000L))
              .build());
      builder.registerDigest(new byte[] {1, 2, 3, 4});
      writer.append(builder);
      builder.block(block(9, CodeMode.PROTECTED_32, "f4", 1));
      builder.run(1, new int[] {1, 9}, 0, 2, 4);
      addEvents(builder, 27);
      builder.input(
          Input.newBuilder()
              .setPosition(30)
              .setConsole(
                  ConsoleInput.newBuilder()
                      .setDevice("uart0")
                      .setBytes(ByteString.copyFromUtf8("yes\n")))
              .build());
      builder.input(
          Input.newBuilder()
              .setPosition(31)
              .setEntropy(EntropyInput.newBuilder().setDevice("rdrand").addWords(-2))
              .build());
      builder.registerDigest(new byte[] {5, 6, 7, 8});
      builder.memoryDigest(new byte[] {9});
      writer.append(builder);
      writer.finish(
          End.newBuilder()
              .setReason("debug-exit")
              .setExitStatus(33)
              .setFinalPosition(31)
              .setFinalTimeNs(31)
              .setFinalDigest(ByteString.copyFrom(new byte[] {5, 6, 7, 8}))
              .build());
    }
  }

  private static BlockDefinition block(int number, CodeMode mode, String code, int... lengths) {
    ByteString.Output lengthBytes = ByteString.newOutput();
    for (int length : lengths) {
      lengthBytes.write(length);
    }
    return BlockDefinition.newBuilder()
        .setNumber(number)
        .setMode(mode)
        .setRip(0x1000 + number)
        .setCsBase(mode == CodeMode.REAL ? 0xF0000 : 0)
        .addGpa(0x1000 + number)
        .setCode(ByteString.copyFrom(HEX.parseHex(code.replace(" ", ""))))
        .setInstructionLengths(lengthBytes.toByteString())
        .build();
  }

  /// One event of each kind, each field filled with something.
  private static void addEvents(ChunkBuilder builder, long firstPosition) {
    int count = 0;
    for (FieldDescriptor kind : Event.getDescriptor().getOneofs().getFirst().getFields()) {
      Event.Builder event =
          Event.newBuilder()
              .setPosition(firstPosition + count / 8)
              .setVcpu(count % 2)
              .setRip(0xffff_8000_0000_1000L - 16L * count)
              .setTimeNs(firstPosition + count / 8);
      Message.Builder fact = event.newBuilderForField(kind);
      for (FieldDescriptor field : kind.getMessageType().getFields()) {
        if (field.isRepeated()) {
          fact.addRepeatedField(field, count).addRepeatedField(field, count + 1);
        } else if (!field.hasPresence() || count % 2 == 0) {
          fact.setField(field, value(field, count));
        }
      }
      builder.event(event.setField(kind, fact.build()).build());
      count++;
    }
  }

  private static Object value(FieldDescriptor field, int seed) {
    return switch (field.getJavaType()) {
      case INT -> 0x80 + seed;
      case LONG -> 0xffff_0000_0000_0000L + seed;
      case BOOLEAN -> seed % 2 == 0;
      case STRING -> field.getName() + seed;
      case BYTE_STRING -> ByteString.copyFrom(new byte[] {(byte) 0xC0, (byte) seed});
      case FLOAT, DOUBLE, ENUM, MESSAGE -> throw new AssertionError(field);
    };
  }

  /// Everything in a trace, as text.
  static String listing(TraceReader reader) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append(reader.state()).append('\n').append(printed(reader.manifest()));
    BlockTable blocks = new BlockTable();
    for (int number = 0; number < reader.chunkCount(); number++) {
      DecodedChunk chunk = reader.chunk(number);
      blocks.add(chunk);
      text.append(
          "chunk %d: %d + %d\n".formatted(number, chunk.firstPosition(), chunk.instructionCount()));
      for (ChunkWalk walk = new ChunkWalk(chunk, blocks); walk.next(); ) {
        text.append(
            "%d: vcpu %d block %d instructions %d\n"
                .formatted(walk.position(), walk.vcpu(), walk.blockNumber(), walk.instructions()));
      }
      chunk.newBlocks().forEach(block -> text.append(printed(block)));
      chunk.events().forEach(event -> text.append(printed(event)));
      chunk.inputs().forEach(input -> text.append(printed(input)));
      text.append(
          "registers %s memory %s\n"
              .formatted(
                  HEX.formatHex(chunk.registerDigest()), HEX.formatHex(chunk.memoryDigest())));
    }
    return text.toString();
  }

  private static String printed(Message message) {
    return TextFormat.printer().printToString(message);
  }
}
