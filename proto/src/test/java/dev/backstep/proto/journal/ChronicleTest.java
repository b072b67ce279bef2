package dev.backstep.proto.journal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.backstep.proto.codec.SequenceCodec;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Input;
import dev.backstep.proto.v1.OtherInput;
import dev.backstep.proto.v1.SealedChunk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
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
  void aDocumentThatIsNotFinishedEndsTheJournal() throws IOException {
    Path journal = folder.resolve(TraceLayout.JOURNAL_FILE);
    try (ChronicleQueue queue =
            SingleChronicleQueueBuilder.binary(folder.toFile())
                .rollCycle(LegacyRollCycles.DAILY)
                .timeProvider(() -> 0L)
                .blockSize(64 << 20)
                .build();
        ExcerptAppender appender = queue.createAppender();
        FileChannel channel = FileChannel.open(journal, CREATE, READ, WRITE)) {
      try (DocumentContext document = appender.writingDocument()) {
        document.wire().bytes().write(new byte[1000]).write(new byte[] {7, 7, 7});
        assertEquals(JournalFrames.Kind.UNWRITTEN, endOf(journal, channel));
        assertTrue(JournalScan.of(journal, channel).damage().isEmpty());
      }
      assertEquals(JournalFrames.Kind.UNWRITTEN, endOf(journal, channel));
    }
  }

  private static JournalFrames.Kind endOf(Path journal, FileChannel channel) throws IOException {
    JournalFrames frames = new JournalFrames(journal, channel);
    while (frames.next()) {
      continue;
    }
    return frames.kind();
  }

  @Test
  void writesTheLargestChunksAcrossItsWindows() throws IOException {
    Path trace = folder.resolve("t");
    Random random = new Random(1);
    byte[] noise = new byte[1 << 19];
    int chunks = 9;
    try (TraceWriter writer = TraceWriter.create(trace, RandomRun.manifest())) {
      ChunkBuilder builder = new ChunkBuilder();
      for (int chunk = 0; chunk < chunks; chunk++) {
        while (!builder.isFull()) {
          random.nextBytes(noise);
          builder.input(
              Input.newBuilder()
                  .setPosition(writer.position())
                  .setOther(OtherInput.newBuilder().setValue(ByteString.copyFrom(noise)))
                  .build());
        }
        int room = builder.room();
        builder.run(0, random.ints(room, 0, 1 << 24).toArray(), 0, room, 0);
        writer.append(builder);
      }
      assertTrue(writer.journalBytes() > 72 << 20);
      writer.finish(End.getDefaultInstance());
    }
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals("complete", reader.state());
      assertEquals(16, reader.chunk(chunks - 1).inputs().size());
      DecodedChunk last = reader.chunk(chunks - 1);
      assertEquals(SequenceCodec.MAX_ENTRIES, last.entries(last.turns()).length);
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
