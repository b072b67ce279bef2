package dev.backstep.proto.journal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Input;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceRoundTripTest {
  @TempDir Path folder;

  @Test
  void readsBackEverythingThatWasWritten() throws IOException {
    for (long seed = 1; seed <= 3; seed++) {
      Path trace = folder.resolve("t" + seed);
      RandomRun run = RandomRun.write(trace, seed, 12, 30);
      try (TraceReader reader = TraceReader.open(trace)) {
        assertEquals("complete", reader.state(), "seed " + seed);
        assertHolds(reader, run);
        assertEquals(run.position, reader.endPosition());
        assertEquals("guest.elf", reader.manifest().getConfiguration().getKernel());
        assertEquals(run.position, reader.manifest().getEnd().getFinalPosition());
        TraceVerifier.Result result = TraceVerifier.verify(reader);
        assertTrue(result.complete());
        assertEquals(run.events.size(), result.events());
        assertEquals(run.blocks.size(), result.blocks());
      }
    }
  }

  static void assertHolds(TraceReader reader, RandomRun run) throws IOException {
    BlockTable blocks = new BlockTable();
    List<RandomRun.Step> steps = new ArrayList<>();
    List<Event> events = new ArrayList<>();
    List<Input> inputs = new ArrayList<>();
    for (int number = 0; number < reader.chunkCount(); number++) {
      DecodedChunk chunk = reader.chunk(number);
      assertEquals(number, reader.chunkAt(chunk.endPosition() - 1));
      blocks.add(chunk);
      for (ChunkWalk walk = new ChunkWalk(chunk, blocks); walk.next(); ) {
        assertEquals(run.blocks.get(walk.blockNumber()), walk.block());
        steps.add(
            new RandomRun.Step(
                walk.vcpu(), walk.position(), walk.blockNumber(), walk.instructions()));
      }
      events.addAll(chunk.events());
      inputs.addAll(chunk.inputs());
      assertArrayEquals(new byte[] {30, 7}, chunk.registerDigest());
    }
    assertEquals(run.steps, steps);
    assertEquals(run.events, events);
    assertEquals(run.inputs, inputs);
  }

  @Test
  void isIncompleteWhileItIsWritten() throws IOException {
    Path trace = folder.resolve("t");
    RandomRun run = new RandomRun(4, 2);
    try (TraceWriter writer = TraceWriter.create(trace, RandomRun.manifest())) {
      ChunkBuilder builder = new ChunkBuilder();
      for (int chunk = 0; chunk < 5; chunk++) {
        run.fill(builder, 30);
        writer.append(builder);
        try (TraceReader reader = TraceReader.open(trace)) {
          assertFalse(reader.isComplete());
          assertTrue(reader.damage().isEmpty(), reader.state());
          assertEquals(chunk + 1, reader.chunkCount());
          assertHolds(reader, run);
        }
      }
    }
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals("incomplete: the recording did not end in order", reader.state());
      assertEquals(5, TraceVerifier.verify(reader).chunks());
    }
  }

  @Test
  void anEmptyRunIsATrace() throws IOException {
    Path trace = folder.resolve("t");
    RandomRun.write(trace, 1, 0, 0);
    try (TraceReader reader = TraceReader.open(trace)) {
      assertTrue(reader.isComplete(), reader.state());
      assertEquals(0, TraceVerifier.verify(reader).chunks());
    }
  }

  @Test
  void doesNotOverwriteAnything() throws IOException {
    Path trace = folder.resolve("t");
    Files.createDirectory(trace);
    Files.writeString(trace.resolve("thesis.txt"), "mine");
    assertThrows(
        FileAlreadyExistsException.class,
        () -> TraceWriter.create(trace, RandomRun.manifest()).close());
    assertEquals("mine", Files.readString(trace.resolve("thesis.txt")));
  }
}
