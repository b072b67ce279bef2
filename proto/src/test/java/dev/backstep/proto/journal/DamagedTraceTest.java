package dev.backstep.proto.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever is done to the files of a trace, reading it ends in a one-line error or in
/// `incomplete`.
class DamagedTraceTest {
  private static final int CHUNKS = 4;

  @TempDir Path folder;
  private Path trace;
  private Path journal;
  private byte[] sound;
  private byte[] soundManifest;

  @BeforeEach
  void writeTrace() throws IOException {
    trace = folder.resolve("t");
    journal = TraceLayout.journalFile(trace);
    RandomRun.write(trace, 7, CHUNKS, 1);
    sound = Files.readAllBytes(journal);
    soundManifest = Files.readAllBytes(TraceLayout.manifest(trace));
  }

  @Test
  void findsAFlippedBitAnywhereInTheJournal() throws IOException {
    for (int at = 0; at < sound.length; at++) {
      if (at % 67 != 0 && isZeroAround(at)) {
        continue;
      }
      change(journal, at, (byte) (sound[at] ^ 1 << at % 8));
      assertNamesJournal(damage("byte " + at));
      change(journal, at, sound[at]);
    }
    assertTrue(verified().complete());
  }

  /// The file is mostly the empty pages of its index: a part of them is enough.
  private boolean isZeroAround(int at) {
    for (int i = Math.max(0, at - 8); i < Math.min(sound.length, at + 8); i++) {
      if (sound[i] != 0) {
        return false;
      }
    }
    return true;
  }

  @Test
  void findsAFlippedBitAnywhereInTheManifest() throws IOException {
    Path manifest = TraceLayout.manifest(trace);
    for (int at = 0; at < soundManifest.length; at++) {
      change(manifest, at, (byte) (soundManifest[at] ^ 1 << at % 8));
      TraceFormatException damage = damage("byte " + at);
      assertEquals(manifest, damage.file());
      change(manifest, at, soundManifest[at]);
    }
    assertTrue(verified().complete());
  }

  @Test
  void findsAFlippedBitInAnyChunkOfAnIncompleteJournal() throws IOException {
    removeEnd();
    List<Integer> chunkOffsets = chunkOffsets();
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      int from = chunkOffsets.get(chunk);
      int length = ByteBuffer.wrap(sound).order(ByteOrder.LITTLE_ENDIAN).getInt(from);
      for (int at = from; at < from + 4 + length; at++) {
        for (int bit = at % 8; bit < 8; bit += at < from + 24 ? 1 : 8) {
          change(journal, at, (byte) (sound[at] ^ 1 << bit));
          try (TraceReader reader = TraceReader.open(trace)) {
            assertFalse(reader.isComplete());
            assertEquals(chunk, reader.chunkCount(), "byte " + at);
            assertTrue(reader.damage().isPresent(), "byte " + at + " goes unnoticed");
            assertNamesJournal(reader.damage().get());
          }
        }
        change(journal, at, sound[at]);
      }
    }
  }

  @Test
  void cutOffAnywhereItIsIncompleteAndHoldsItsWholeChunks() throws IOException {
    List<Integer> chunkOffsets = chunkOffsets();
    for (int size = sound.length - 1; size >= 0; size--) {
      if (size % 67 != 0 && isZeroAround(size)) {
        continue;
      }
      try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.WRITE)) {
        channel.truncate(size);
      }
      try (TraceReader reader = TraceReader.open(trace)) {
        assertFalse(reader.isComplete());
        assertEquals(
            "incomplete: the journal is shorter than it was when the recording ended",
            reader.state(),
            "size " + size);
        int whole = 0;
        while (whole < CHUNKS && chunkEnd(chunkOffsets.get(whole)) <= size) {
          whole++;
        }
        assertEquals(whole, reader.chunkCount(), "size " + size);
        assertEquals(whole, TraceVerifier.verify(reader).chunks());
      }
    }
  }

  private int chunkEnd(int offset) {
    return offset + 4 + ByteBuffer.wrap(sound).order(ByteOrder.LITTLE_ENDIAN).getInt(offset);
  }

  @Test
  void cutOffManifestsAreErrors() throws IOException {
    for (int size = 0; size < soundManifest.length; size++) {
      Files.write(TraceLayout.manifest(trace), Arrays.copyOf(soundManifest, size));
      assertEquals(TraceLayout.manifest(trace), damage("size " + size).file());
    }
    Files.delete(TraceLayout.manifest(trace));
    assertEquals("not there; is its folder a trace?", damage("no manifest").what());
  }

  @Test
  void findsExchangedRepeatedAndMissingChunks() throws IOException {
    List<byte[]> excerpts = excerpts();
    for (boolean ended : new boolean[] {true, false}) {
      if (!ended) {
        removeEnd();
      }
      for (int a = 0; a < CHUNKS; a++) {
        List<byte[]> missing = new ArrayList<>(excerpts);
        missing.remove(a);
        // Without its last chunk a journal is merely shorter.
        if (a < CHUNKS - 1) {
          assertBreaksAt(a, missing);
        }
        List<byte[]> repeated = new ArrayList<>(excerpts);
        repeated.add(a, excerpts.get(a));
        assertBreaksAt(a + 1, repeated);
        for (int b = a + 1; b < CHUNKS; b++) {
          List<byte[]> exchanged = new ArrayList<>(excerpts);
          exchanged.set(a, excerpts.get(b));
          exchanged.set(b, excerpts.get(a));
          assertBreaksAt(a, exchanged);
        }
      }
    }
  }

  private void assertBreaksAt(int chunk, List<byte[]> excerpts) throws IOException {
    rewrite(excerpts);
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals(chunk, reader.chunkCount());
      assertFalse(reader.isComplete());
    }
    assertNamesJournal(damage("chunk " + chunk));
  }

  @Test
  void findsAChunkOfAnotherTrace() throws IOException {
    Path other = folder.resolve("other");
    RandomRun.write(other, 8, CHUNKS, 1);
    List<byte[]> mixed = new ArrayList<>(excerpts());
    journal = TraceLayout.journalFile(other);
    sound = Files.readAllBytes(journal);
    mixed.set(2, excerpts().get(2));
    journal = TraceLayout.journalFile(trace);
    rewrite(mixed);
    assertTrue(damage("").what().contains("chunk 2"));
  }

  @Test
  void bytesAfterTheEndAreFound() throws IOException {
    Files.write(journal, new byte[] {0, 0, 0, 0, 0, 0, 0, 0}, StandardOpenOption.APPEND);
    assertNamesJournal(damage("appended zeros"));
    removeEnd();
    assertEquals(CHUNKS, verified().chunks());
    change(journal, sound.length + TraceLayout.MAX_CHUNK_BYTES + 4, (byte) 1);
    assertTrue(damage("appended").what().contains("unwritten here, but written at offset"));
  }

  @Test
  void aZeroedHeaderIsFoundUnlessAWriterMayHaveLeftIt() throws IOException {
    removeEnd();
    List<Integer> offsets = chunkOffsets();
    for (int chunk = 0; chunk < CHUNKS; chunk++) {
      int offset = offsets.get(chunk);
      for (int i = 0; i < 4; i++) {
        change(journal, offset + i, (byte) 0);
      }
      if (chunk == CHUNKS - 1) {
        assertEquals(CHUNKS - 1, verified().chunks());
      } else {
        assertTrue(damage("chunk " + chunk).what().startsWith("offset " + offset + ": unwritten"));
      }
      for (int i = 0; i < 4; i++) {
        change(journal, offset + i, sound[offset + i]);
      }
    }
  }

  @Test
  void aChunkThatWasBeingWrittenIsNotThere() throws IOException {
    removeEnd();
    int last = chunkOffsets().getLast();
    for (int written = last + 4; written <= sound.length; written++) {
      byte[] killed = Arrays.copyOf(Arrays.copyOf(sound, written), sound.length + 4096);
      Arrays.fill(killed, last, last + 4, (byte) 0);
      Files.write(journal, killed);
      assertEquals(CHUNKS - 1, verified().chunks());
      // As Chronicle has it when it does not know the length yet.
      killed[last + 3] = (byte) 0x80;
      Files.write(journal, killed);
      assertEquals(CHUNKS - 1, verified().chunks());
    }
  }

  @Test
  void namesTheVersionOfATraceFromTheFuture() throws IOException {
    byte[] future = soundManifest.clone();
    future[8] = 2;
    java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
    crc.update(future, 0, 12);
    crc.update(future, 16, future.length - 16);
    ByteBuffer.wrap(future).order(ByteOrder.LITTLE_ENDIAN).putInt(12, (int) crc.getValue());
    Files.write(TraceLayout.manifest(trace), future);
    assertEquals(
        "trace format 2; this Backstep reads format 1: open it with the version that made it",
        damage("future").what());
  }

  @Test
  void aMissingJournalIsAnError() throws IOException {
    Files.delete(journal);
    assertNamesJournal(damage("no journal"));
  }

  private void assertNamesJournal(TraceFormatException damage) {
    assertEquals(journal, damage.file());
    assertFalse(damage.getMessage().contains("\n"));
  }

  private TraceFormatException damage(String what) {
    return assertThrows(TraceFormatException.class, this::verified, what);
  }

  private TraceVerifier.Result verified() throws IOException {
    try (TraceReader reader = TraceReader.open(trace)) {
      return TraceVerifier.verify(reader);
    }
  }

  private void removeEnd() throws IOException {
    ManifestFile.write(trace, RandomRun.manifest());
  }

  private static void change(Path file, int at, byte to) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {to}), at);
    }
  }

  private List<Integer> chunkOffsets() throws IOException {
    List<Integer> offsets = new ArrayList<>();
    try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.READ)) {
      JournalFrames frames = new JournalFrames(journal, channel);
      while (frames.next()) {
        if (frames.kind() == JournalFrames.Kind.EXCERPT) {
          offsets.add(Math.toIntExact(frames.offset()));
        }
      }
    }
    return offsets;
  }

  private List<byte[]> excerpts() throws IOException {
    List<byte[]> excerpts = new ArrayList<>();
    for (int offset : chunkOffsets()) {
      excerpts.add(Arrays.copyOfRange(sound, offset, (chunkEnd(offset) + 3) & ~3));
    }
    return excerpts;
  }

  private void rewrite(List<byte[]> excerpts) throws IOException {
    Files.write(journal, sound);
    int first = chunkOffsets().getFirst();
    try (FileChannel channel = FileChannel.open(journal, StandardOpenOption.WRITE)) {
      channel.truncate(first);
      channel.position(first);
      for (byte[] excerpt : excerpts) {
        channel.write(ByteBuffer.wrap(excerpt));
      }
    }
  }
}
