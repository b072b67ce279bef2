package dev.backstep.proto.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.proto.v1.SealedChunk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import net.openhft.chronicle.wire.DocumentContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is said about Chronicle Queue elsewhere, held against the library itself.
class ChronicleTest {
  @TempDir Path folder;

  @Test
  void chroniclesOwnReaderReadsTheSameChunks() throws IOException {
    Path trace = folder.resolve("t");
    RandomRun.write(trace, 1, 100, 5);
    List<byte[]> excerpts = new ArrayList<>();
    try (ChronicleQueue queue =
            SingleChronicleQueueBuilder.binary(TraceLayout.journalFolder(trace).toFile())
                .rollCycle(LegacyRollCycles.DAILY)
                .timeProvider(() -> 0L)
                .readOnly(true)
                .build();
        ExcerptTailer tailer = queue.createTailer()) {
      while (true) {
        try (DocumentContext document = tailer.readingDocument()) {
          if (!document.isPresent()) {
            break;
          }
          Bytes<?> bytes = document.wire().bytes();
          byte[] excerpt = new byte[Math.toIntExact(bytes.readRemaining())];
          bytes.read(excerpt);
          excerpts.add(excerpt);
        }
      }
    }
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals(100, reader.chunkCount());
      assertEquals(100, excerpts.size());
      for (int chunk = 0; chunk < 100; chunk++) {
        assertArrayEquals(
            reader.chunk(chunk).message().toByteArray(),
            SealedChunk.parseFrom(excerpts.get(chunk)).getChunk().toByteArray());
      }
      assertTrue(reader.isComplete());
      TraceVerifier.verify(reader);
    }
  }

  @Test
  void writesFromAnotherThreadThanItsMakers() throws IOException, InterruptedException {
    Path trace = folder.resolve("t");
    RandomRun run = new RandomRun(3, 2);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    try (TraceWriter writer = TraceWriter.create(trace, RandomRun.manifest())) {
      Thread thread =
          new Thread(
              () -> {
                ChunkBuilder builder = new ChunkBuilder();
                try {
                  run.fill(builder, 30);
                  writer.append(builder);
                } catch (IOException | RuntimeException e) {
                  failure.set(e);
                }
              });
      thread.start();
      thread.join();
      writer.finish(run.end());
    }
    assertEquals(null, failure.get());
    try (TraceReader reader = TraceReader.open(trace)) {
      assertTrue(reader.isComplete());
      TraceRoundTripTest.assertHolds(reader, run);
    }
  }

  @Test
  void aShortTraceTakesLittleDisk() throws IOException {
    Path trace = folder.resolve("t");
    RandomRun.write(trace, 1, 1, 1);
    long bytes = 0;
    try (Stream<Path> files = Files.walk(trace)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        bytes += Files.isRegularFile(file) ? Files.size(file) : 0;
      }
    }
    assertTrue(bytes < 24 << 10, bytes + " bytes");
  }

  @Test
  void leavesNothingButManifestAndJournal() throws IOException {
    Path trace = folder.resolve("t");
    RandomRun.write(trace, 1, 3, 3);
    assertEquals(List.of("", "journal", "journal/19700101.cq4", "manifest.pb"), listed(trace));
    try (TraceReader reader = TraceReader.open(trace)) {
      TraceVerifier.verify(reader);
    }
    assertEquals(List.of("", "journal", "journal/19700101.cq4", "manifest.pb"), listed(trace));
  }

  private static List<String> listed(Path trace) throws IOException {
    try (Stream<Path> files = Files.walk(trace)) {
      return files.map(file -> trace.relativize(file).toString()).sorted().toList();
    }
  }

  @Test
  void writingSaysNothingOnTheTerminal() throws IOException {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream heard = new PrintStream(said, true, UTF_8)) {
      System.setOut(heard);
      System.setErr(heard);
      RandomRun.write(folder.resolve("t"), 1, 3, 3);
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    assertEquals("", said.toString(UTF_8));
  }

  @Test
  void chroniclesAnalyticsAreNotThere() {
    assertThrows(
        ClassNotFoundException.class,
        () -> Class.forName("net.openhft.chronicle.analytics.Analytics"));
  }

  @Test
  void leavesNoThreadThatKeepsTheMachineRunning() throws IOException {
    RandomRun.write(folder.resolve("t"), 1, 3, 3);
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      assertFalse(
          !thread.isDaemon() && thread.getClass().getName().contains("openhft"), thread.getName());
    }
  }
}
