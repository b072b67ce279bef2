package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceLayout;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceVerifier;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Traces of a real guest, cut off or damaged.
class BrokenTraceTest {
  @TempDir static Path shared;
  @TempDir Path folder;

  private static Path trace;
  private static long instructions;
  private static int chunks;

  @BeforeAll
  static void record() throws Exception {
    trace = shared.resolve("compute");
    GuestRun.builtIn("compute").withCpus(2).withArguments("300000").record(trace);
    try (TraceReader reader = TraceReader.open(trace)) {
      instructions = reader.endPosition();
      chunks = reader.chunkCount();
    }
    assertTrue(chunks >= 3, chunks + " chunks");
  }

  private Path copy(String name, boolean ended) throws IOException {
    Path copy = folder.resolve(name);
    return ended
        ? new TraceRewriter(trace).to(copy)
        : new TraceRewriter(trace)
            .withoutEnd()
            // A recording that was killed has no chunk that was closed at the end of the run.
            .firstChunks(chunks - 1)
            .to(copy);
  }

  @Test
  void replaysAJournalThatWasCutOffAnywhere() throws Exception {
    Random random = new Random(5);
    for (int k = 0; k < 4; k++) {
      Path cut = copy("cut" + k, false);
      Path file = TraceLayout.journalFile(cut);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(random.nextLong(channel.size() / 4, channel.size()));
      }
      try (TraceReader reader = TraceReader.open(cut)) {
        assertFalse(reader.isComplete());
        if (reader.chunkCount() == 0) {
          continue;
        }
        ReplayResult.Identical identical = GuestRun.replayIdentically(cut);
        assertEquals(reader.endPosition(), identical.position());
        assertFalse(identical.wholeRun());
      }
    }
  }

  @Test
  void replaysEveryWholeChunkOfAKilledRecording() throws Exception {
    Path killed = copy("killed", false);
    ReplayResult.Identical identical = GuestRun.replayIdentically(killed);
    assertFalse(identical.wholeRun());
    assertTrue(identical.position() < instructions);
  }

  @Test
  void findsAFlippedByte() throws Exception {
    flip(new Random(6), 60);
  }

  @Tag("heavy")
  @Test
  void findsManyFlippedBytes() throws Exception {
    flip(new Random(7), 3_000);
  }

  private void flip(Random random, int times) throws Exception {
    Path damaged = copy("damaged", true);
    Path file = TraceLayout.journalFile(damaged);
    byte[] bytes = Files.readAllBytes(file);
    for (int k = 0; k < times; k++) {
      int at = random.nextInt(bytes.length);
      byte was = bytes[at];
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bytes);
      String flip = "byte " + at + " flipped";
      TraceFormatException found =
          assertThrows(TraceFormatException.class, () -> verify(damaged), flip);
      assertTrue(found.getMessage().contains(file.toString()), found.getMessage());
      TraceFormatException refused =
          assertThrows(TraceFormatException.class, () -> GuestRun.replay(damaged), flip);
      assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
      bytes[at] = was;
    }
  }

  private static void verify(Path damaged) throws IOException {
    try (TraceReader reader = TraceReader.open(damaged)) {
      TraceVerifier.verify(reader);
    }
  }

  @Test
  void refusesAManifestWithAFlippedByte() throws Exception {
    Random random = new Random(8);
    Path damaged = copy("damaged", true);
    Path file = TraceLayout.manifest(damaged);
    byte[] bytes = Files.readAllBytes(file);
    for (int k = 0; k < 40; k++) {
      int at = random.nextInt(bytes.length);
      byte was = bytes[at];
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bytes);
      assertThrows(
          TraceFormatException.class, () -> GuestRun.replay(damaged), "byte " + at + " flipped");
      bytes[at] = was;
    }
  }

  @Test
  void saysHowFarADamagedRecordingThatWasKilledAgrees() throws Exception {
    Path killed = copy("killed", false);
    Path file = TraceLayout.journalFile(killed);
    byte[] bytes = Files.readAllBytes(file);
    long second;
    try (TraceReader reader = TraceReader.open(killed)) {
      second = reader.firstPosition(1);
    }
    // Somewhere in the last chunk but one of those that are left.
    int used = bytes.length;
    while (bytes[used - 1] == 0) {
      used--;
    }
    bytes[used - 100] ^= 1;
    Files.write(file, bytes);
    try (TraceReader reader = TraceReader.open(killed)) {
      assertTrue(reader.damage().isPresent());
      assertTrue(reader.endPosition() >= second);
      assertEquals(reader.endPosition(), GuestRun.replayIdentically(killed).position());
    }
  }
}
