package dev.backstep.proto.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.backstep.proto.codec.ColumnEncoder;
import dev.backstep.proto.codec.Turns;
import dev.backstep.proto.v1.BlockBatch;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.Chunk;
import dev.backstep.proto.v1.CodeMode;
import dev.backstep.proto.v1.Column;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.EventBatch;
import dev.backstep.proto.v1.SealedChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Traces whose checksums are right and whose contents are not: made by someone who means harm.
class HostileTraceTest {
  @TempDir Path folder;
  private Path trace;
  private Path journal;
  private byte[] header;
  private Chunk sound;

  @BeforeEach
  void writeTrace() throws IOException {
    trace = folder.resolve("t");
    journal = TraceLayout.journalFile(trace);
    RandomRun.write(trace, 7, 1, 3);
    ManifestFile.write(trace, RandomRun.manifest());
    try (TraceReader reader = TraceReader.open(trace)) {
      sound = reader.chunk(0).message();
    }
    try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.READ)) {
      JournalFrames frames = new JournalFrames(journal, channel);
      do {
        assertTrue(frames.next());
      } while (frames.kind() != JournalFrames.Kind.EXCERPT);
      header = new byte[Math.toIntExact(frames.offset())];
      channel.read(ByteBuffer.wrap(header), 0);
    }
  }

  @Test
  void aForgedTraceOfSoundChunksIsSound() throws IOException {
    forge(sound);
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals(1, TraceVerifier.verify(reader).chunks());
    }
  }

  @Test
  void refusesCountsThatTheColumnsDoNotHold() throws IOException {
    for (int count : new int[] {-1, 0, 1, 1 << 18, (1 << 18) + 1, Integer.MAX_VALUE}) {
      assertRefused("turns", chunk -> chunk.setEntryCount(count));
      assertRefused("turns", chunk -> chunk.setTurnCount(count));
      assertRefused("blocks", chunk -> chunk.setBlockCount(count));
      assertRefused("events", chunk -> chunk.setEventCount(count));
      assertRefused("inputs", chunk -> chunk.setInputCount(count == 0 ? 9 : count));
    }
  }

  @Test
  void refusesInstructionCountsThatDoNotAddUp() throws IOException {
    long right = sound.getInstructionCount();
    assertRefused(
        "instructions",
        chunk ->
            chunk
                .setInstructionCount(right - 1)
                .clearEvents()
                .clearEventCount()
                .clearInputs()
                .clearInputCount());
    assertRefused("instructions", chunk -> chunk.setInstructionCount(right + 1));
    assertRefused("instructions", chunk -> chunk.setInstructionCount(-1));
  }

  @Test
  void refusesBlocksThatAreNotDefinedOrDefinedTwice() throws IOException {
    assertRefused("not defined", chunk -> sequence(chunk, 1, 2, 3));
    assertRefused("leaves block", chunk -> sequence(chunk, 0, ~200));
    BlockDefinition.Builder block =
        BlockDefinition.newBuilder()
            .setMode(CodeMode.LONG_64)
            .addGpa(0x1000)
            .setCode(ByteString.copyFrom(new byte[] {1}))
            .setInstructionLengths(ByteString.copyFrom(new byte[] {1}));
    BlockDefinition first = block.setNumber(5).build();
    assertRefused("defines block 5 again", chunk -> blocks(chunk, first, first));
    BlockDefinition huge = block.setNumber(BlockTable.MAX_BLOCKS).build();
    assertRefused("defines block 16777216", chunk -> blocks(chunk, huge));
    BlockDefinition negative = block.setNumber(-1).build();
    assertRefused("defines block 4294967295", chunk -> blocks(chunk, negative));
  }

  @Test
  void refusesColumnsThatUnpackToMoreThanTheySay() throws IOException {
    byte[] zeros = new byte[12 << 20];
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      Column bomb =
          encoder.message(Column.newBuilder().setBytes(ByteString.copyFrom(zeros)).build());
      assertTrue(bomb.getBytes().size() < 10_000);
      assertRefused("column events", chunk -> chunk.setEvents(bomb));
      Column lying = bomb.toBuilder().setSize(100).build();
      assertRefused("column events", chunk -> chunk.setEvents(lying));
      Column absurd = bomb.toBuilder().setSize(Integer.MAX_VALUE).build();
      assertRefused("column events declares", chunk -> chunk.setEvents(absurd));
    }
  }

  @Test
  void refusesUnknownFieldsThatNestDeeply() throws IOException {
    UnknownFieldSet nested = UnknownFieldSet.getDefaultInstance();
    for (int depth = 0; depth < 500; depth++) {
      UnknownFieldSet.Field group = UnknownFieldSet.Field.newBuilder().addGroup(nested).build();
      nested = UnknownFieldSet.newBuilder().addField(99, group).build();
    }
    UnknownFieldSet deep = nested;
    EventBatch batch =
        EventBatch.newBuilder()
            .addPositionDelta(0)
            .addVcpu(0)
            .addRipDelta(0)
            .addTimeNsDelta(0)
            .addEvent(Event.newBuilder().setUnknownFields(deep))
            .build();
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      Column events = encoder.message(batch);
      assertRefused("column events", chunk -> chunk.setEvents(events).setEventCount(1));
    }
  }

  @Test
  void takesFieldsThatItDoesNotKnow() throws IOException {
    UnknownFieldSet.Field field = UnknownFieldSet.Field.newBuilder().addVarint(5).build();
    UnknownFieldSet unknown = UnknownFieldSet.newBuilder().addField(99, field).build();
    forge(sound.toBuilder().setUnknownFields(unknown).build());
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals(1, TraceVerifier.verify(reader).chunks());
    }
  }

  @Test
  void refusesMillionsOfUnknownFields() throws IOException {
    byte[] fields = new byte[6 << 20];
    for (int i = 0; i < fields.length; i += 3) {
      // Field 20 or above, a varint of 0.
      fields[i] = (byte) (0x80 | 0x20 | (i / 3 & 3) << 3);
      fields[i + 1] = (byte) (1 + i / 12 % 100);
    }
    EventBatch batch =
        EventBatch.newBuilder()
            .addPositionDelta(0)
            .addVcpu(0)
            .addRipDelta(0)
            .addTimeNsDelta(0)
            .addEvent(Event.newBuilder().setUnknownFields(UnknownFieldSet.parseFrom(fields)))
            .build();
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      Column events = encoder.message(batch);
      assertRefused(
          "column events has too many unknown fields",
          chunk -> chunk.setEvents(events).setEventCount(1));
    }
    UnknownFieldSet top = UnknownFieldSet.parseFrom(fields);
    assertRefused("has too many unknown fields", chunk -> chunk.setUnknownFields(top));
  }

  @Test
  void anySoundlySealedNonsenseIsAnErrorOrNone() throws IOException {
    byte[] bytes = sound.toByteArray();
    Random random = new Random(3);
    int refused = 0;
    for (int round = 0; round < 400; round++) {
      byte[] nonsense = bytes.clone();
      for (int i = 0; i <= round % 3; i++) {
        nonsense[random.nextInt(nonsense.length)] ^= (byte) (1 << random.nextInt(8));
      }
      forge(nonsense);
      try (TraceReader reader = TraceReader.open(trace)) {
        TraceVerifier.verify(reader);
      } catch (TraceFormatException e) {
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
        refused++;
      }
    }
    assertTrue(refused > 200, refused + " refused");
  }

  @Test
  void doesNotWaitForAPipe() throws IOException, InterruptedException {
    for (Path file : List.of(journal, TraceLayout.manifest(trace))) {
      byte[] bytes = Files.readAllBytes(file);
      Files.delete(file);
      Process mkfifo = new ProcessBuilder("mkfifo", file.toString()).start();
      assertEquals(0, mkfifo.waitFor());
      TraceFormatException refused =
          Assertions.assertTimeoutPreemptively(
              Duration.ofSeconds(10),
              () -> assertThrows(TraceFormatException.class, () -> TraceReader.open(trace)));
      assertEquals(file + ": not a regular file", refused.getMessage());
      Files.delete(file);
      Files.write(file, bytes);
    }
  }

  @Test
  void doesNotReadAnEndlessHole() throws IOException {
    forge(sound);
    try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {0}), 1L << 40);
    }
    try (TraceReader reader = TraceReader.open(trace)) {
      assertTrue(reader.state().endsWith(" bytes from here are unwritten"), reader.state());
    }
  }

  private static Chunk.Builder sequence(Chunk.Builder chunk, int... entries) {
    Turns turns = new Turns();
    turns.add(0, entries.length);
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      return chunk
          .setEntryCount(entries.length)
          .setTurnCount(1)
          .setTurns(encoder.turns(turns))
          .setSequence(encoder.sequence(entries, turns))
          .setBlocks(encoder.message(BlockBatch.newBuilder().addBlock(blockZero()).build()))
          .setBlockCount(1);
    }
  }

  private static BlockDefinition blockZero() {
    return BlockDefinition.newBuilder()
        .setMode(CodeMode.LONG_64)
        .addGpa(0x1000)
        .setCode(ByteString.copyFrom(new byte[] {1}))
        .setInstructionLengths(ByteString.copyFrom(new byte[] {1}))
        .build();
  }

  private static Chunk.Builder blocks(Chunk.Builder chunk, BlockDefinition... blocks) {
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      BlockBatch batch = BlockBatch.newBuilder().addAllBlock(List.of(blocks)).build();
      return chunk.setBlocks(encoder.message(batch)).setBlockCount(blocks.length);
    }
  }

  private void assertRefused(String what, UnaryOperator<Chunk.Builder> change) throws IOException {
    Chunk changed = change.apply(sound.toBuilder()).build();
    if (changed.equals(sound)) {
      return;
    }
    forge(changed);
    TraceFormatException refused =
        assertThrows(
            TraceFormatException.class,
            () -> {
              try (TraceReader reader = TraceReader.open(trace)) {
                TraceVerifier.verify(reader);
              }
            });
    assertTrue(refused.getMessage().contains(what), refused.getMessage());
    assertTrue(refused.getMessage().startsWith(journal + ": offset "), refused.getMessage());
  }

  private void forge(Chunk chunk) throws IOException {
    forge(chunk.toByteArray());
  }

  private void forge(byte[] chunk) throws IOException {
    CRC32C crc = new CRC32C();
    crc.update(chunk);
    byte[] sealed =
        SealedChunk.newBuilder()
            .setCrc32C((int) crc.getValue())
            .setChunk(ByteString.copyFrom(chunk))
            .build()
            .toByteArray();
    ByteBuffer file =
        ByteBuffer.allocate((int) JournalFrames.aligned(header.length + 4L + sealed.length))
            .order(ByteOrder.LITTLE_ENDIAN);
    file.put(header).putInt(sealed.length).put(sealed);
    Files.write(journal, file.array());
  }
}
