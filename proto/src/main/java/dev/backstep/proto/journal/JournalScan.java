package dev.backstep.proto.journal;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Walks a journal once from its start and finds its chunks and the first place where it breaks.
///
/// Reads little of each chunk; what it believes of a chunk's start, the chunk's checksum confirms
/// when the chunk is read.
final class JournalScan {
  // Chronicle Wire: an event name follows; then its length, up to 31, above 0xC0... as text bytes.
  private static final int EVENT_NAME = 0xB9;
  private static final List<String> METADATA_NAMES = List.of("header", "index2index", "index");
  // A queue maps its file in windows: more room than two of them nobody made.
  private static final long MAX_UNWRITTEN_BYTES = 256L << 20;
  private static final int ZERO_BUFFER_BYTES = 1 << 18;

  private final Path file;
  private final FileChannel channel;
  private final ChunkTable chunks = new ChunkTable();
  private Optional<TraceFormatException> damage = Optional.empty();
  private long end;

  private JournalScan(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  static JournalScan of(Path file, FileChannel channel) throws IOException {
    JournalScan scan = new JournalScan(file, channel);
    try {
      scan.walk();
    } catch (TraceFormatException e) {
      scan.damage = Optional.of(e);
    }
    return scan;
  }

  ChunkTable chunks() {
    return chunks;
  }

  /// The first break in the journal's structure, if there is one. A journal that merely stops has
  /// none.
  Optional<TraceFormatException> damage() {
    return damage;
  }

  /// Where the document after the last whole one would start.
  long end() {
    return end;
  }

  private void walk() throws IOException {
    JournalFrames frames = new JournalFrames(file, channel);
    while (frames.next()) {
      if (frames.kind() == JournalFrames.Kind.METADATA) {
        checkMetadata(frames);
      } else {
        addChunk(frames);
      }
      end = JournalFrames.aligned(frames.end());
      checkPadding(frames.end());
    }
    switch (frames.kind()) {
      case UNWRITTEN -> requireZeros(frames.offset(), unfinishedEnd(frames));
      case CUT_OFF -> checkCutOff(frames);
      case EXCERPT, METADATA, IN_WORK -> {}
    }
  }

  /// Tells a document that was cut off from one whose header declares more than was written.
  private void checkCutOff(JournalFrames frames) throws IOException {
    ByteBuffer start = frames.peek();
    if (start.remaining() < ChunkSeal.MAX_BYTES) {
      return;
    }
    if (frames.isMetadata()) {
      checkMetadata(frames);
    } else {
      seal(frames, start);
    }
  }

  private void addChunk(JournalFrames frames) throws IOException {
    int number = chunks.size();
    ChunkSeal seal = seal(frames, frames.peek());
    if (seal.number() != number) {
      throw broken(frames, "chunk " + Integer.toUnsignedString(seal.number()) + " stands here");
    }
    if (seal.previousCrc32c() != chunks.lastCrc32c()) {
      throw broken(
          frames,
          "follows a chunk with checksum %08x, not %08x"
              .formatted(seal.previousCrc32c(), chunks.lastCrc32c()));
    }
    if (seal.firstPosition() != chunks.endPosition()) {
      throw broken(
          frames,
          "starts at position %s, not %s"
              .formatted(
                  Long.toUnsignedString(seal.firstPosition()),
                  Long.toUnsignedString(chunks.endPosition())));
    }
    if (seal.firstPosition() + seal.instructionCount() < seal.firstPosition()) {
      throw broken(
          frames, "declares " + Long.toUnsignedString(seal.instructionCount()) + " instructions");
    }
    if (number == JournalAppender.MAX_EXCERPTS) {
      throw broken(frames, "more chunks than there can be");
    }
    chunks.add(frames.offset(), frames.length(), seal);
  }

  private ChunkSeal seal(JournalFrames frames, ByteBuffer start) throws TraceFormatException {
    try {
      return ChunkSeal.read(start, frames.length());
    } catch (IOException e) {
      throw broken(frames, String.valueOf(e.getMessage())).causedBy(e);
    }
  }

  /// Takes only the documents that a queue file has, so that a chunk whose header was made to look
  /// like one of them is noticed.
  private void checkMetadata(JournalFrames frames) throws IOException {
    ByteBuffer start = frames.peek();
    boolean known = false;
    if (start.remaining() > 2 && (start.get() & 0xFF) == EVENT_NAME) {
      int nameLength = start.get();
      if (nameLength > 0 && nameLength <= start.remaining()) {
        byte[] name = new byte[nameLength];
        start.get(name);
        known = METADATA_NAMES.stream().anyMatch(n -> Arrays.equals(n.getBytes(US_ASCII), name));
      }
    }
    if (!known) {
      throw TraceFormatException.atOffset(file, frames.offset(), "not a document of a journal");
    }
  }

  private void checkPadding(long from) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) (JournalFrames.aligned(from) - from));
    channel.read(bytes, from);
    for (int i = 0; i < bytes.position(); i++) {
      if (bytes.get(i) != 0) {
        throw TraceFormatException.atOffset(file, from + i, "a byte between documents is not 0");
      }
    }
  }

  /// Where the document ends that a writer was filling in when it was killed.
  private static long unfinishedEnd(JournalFrames frames) {
    int length = ChunkSeal.excerptLength(frames.peekUnframed());
    int atMost = length < 0 ? TraceLayout.MAX_CHUNK_BYTES : length;
    return frames.offset() + JournalFrames.HEADER_BYTES + atMost;
  }

  /// The rest of a journal that was not finished is room that nobody wrote to: anything there was
  /// cut from the journal by damage to the header at `end`.
  private void requireZeros(long end, long from) throws IOException {
    long unwritten = channel.size() - end;
    if (unwritten > MAX_UNWRITTEN_BYTES) {
      throw TraceFormatException.atOffset(file, end, unwritten + " bytes from here are unwritten");
    }
    ByteBuffer buffer = ByteBuffer.allocate(ZERO_BUFFER_BYTES);
    long at = from;
    while (channel.read(buffer.clear(), at) > 0) {
      byte[] bytes = buffer.array();
      for (int i = 0; i < buffer.position(); i++) {
        if (bytes[i] != 0) {
          throw TraceFormatException.atOffset(
              file, end, "unwritten here, but written at offset " + (at + i));
        }
      }
      at += buffer.position();
    }
  }

  private TraceFormatException broken(JournalFrames frames, String what) {
    return TraceFormatException.inChunk(file, frames.offset(), chunks.size(), what);
  }
}
