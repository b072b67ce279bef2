package dev.backstep.proto.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/// Walks the documents of a Chronicle queue file by their headers.
///
/// A document is a little-endian header of four bytes, then as many bytes as its lower 30 bits say;
/// the next one starts at the next multiple of four.
///
/// ```
///  31           30        29                                  0
/// +------------+---------+-------------------------------------+
/// |not complete|metadata |length                               |
/// +------------+---------+-------------------------------------+
/// ```
///
/// A header of 0 is unwritten: the end. Writers fill in a document before its header, so that bytes
/// of one document may follow. `not complete` with length 0 is being written too: the end.
final class JournalFrames {
  /// What stands at an offset.
  enum Kind {
    EXCERPT,
    METADATA,
    /// Nothing was written here.
    UNWRITTEN,
    /// Someone is or was writing here.
    IN_WORK,
    /// The file ends within the document.
    CUT_OFF
  }

  static final int HEADER_BYTES = 4;

  private static final int NOT_COMPLETE = 1 << 31;
  private static final int METADATA = 1 << 30;
  private static final int LENGTH = METADATA - 1;
  // The longest that Chronicle itself writes here is a page of its index, 8 KiB.
  private static final int MAX_METADATA_BYTES = 1 << 20;
  // How much is read with each header: what the start of a sealed chunk needs.
  private static final int PEEK_BYTES = 96;

  private final Path file;
  private final FileChannel channel;
  private final long size;
  private final ByteBuffer peek = ByteBuffer.allocate(PEEK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long offset;
  private int length;
  private boolean metadata;
  private Kind kind = Kind.UNWRITTEN;

  /// Starts before the first document.
  JournalFrames(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    size = channel.size();
    offset = -1;
  }

  /// The end of the last whole document.
  static long scanEnd(Path file, FileChannel channel) throws IOException {
    JournalFrames frames = new JournalFrames(file, channel);
    while (frames.next()) {
      continue;
    }
    return frames.offset();
  }

  /// Goes to the next document; false if there is no whole one, and [#kind] says why.
  boolean next() throws IOException {
    offset = offset < 0 ? 0 : aligned(end());
    length = 0;
    kind = readHeader();
    return kind == Kind.EXCERPT || kind == Kind.METADATA;
  }

  private Kind readHeader() throws IOException {
    peek.clear();
    while (peek.hasRemaining() && channel.read(peek, offset + peek.position()) > 0) {
      continue;
    }
    peek.flip();
    if (peek.limit() < HEADER_BYTES) {
      return peek.limit() == 0 ? Kind.UNWRITTEN : Kind.CUT_OFF;
    }
    int header = peek.getInt();
    if (header == 0) {
      return Kind.UNWRITTEN;
    }
    int declared = header & LENGTH;
    if ((header & NOT_COMPLETE) != 0) {
      if (declared != 0 || (header & METADATA) != 0) {
        throw malformed("header %08x".formatted(header));
      }
      return Kind.IN_WORK;
    }
    metadata = (header & METADATA) != 0;
    if (declared > (metadata ? MAX_METADATA_BYTES : TraceLayout.MAX_CHUNK_BYTES)) {
      throw malformed("a document of " + declared + " bytes");
    }
    length = declared;
    if (declared > size - offset - HEADER_BYTES) {
      return Kind.CUT_OFF;
    }
    return metadata ? Kind.METADATA : Kind.EXCERPT;
  }

  /// Where the header of the document stands, or the end of the journal after [#next] said false.
  long offset() {
    return offset;
  }

  /// Where the document's bytes end; the next document starts at the next multiple of four.
  long end() {
    return offset + HEADER_BYTES + length;
  }

  /// The document's bytes, without header; where it is cut off, as many as its header declares.
  int length() {
    return length;
  }

  /// Whether the header declares metadata, which a document that is cut off does too.
  boolean isMetadata() {
    return metadata;
  }

  Kind kind() {
    return kind;
  }

  /// The first bytes of the document, as many of it as were read with the header.
  ByteBuffer peek() {
    ByteBuffer start = peekUnframed();
    return start.limit(Math.min(length, start.limit()));
  }

  /// The bytes after the header, whatever it says.
  ByteBuffer peekUnframed() {
    int at = Math.min(HEADER_BYTES, peek.limit());
    return peek.slice(at, peek.limit() - at).order(ByteOrder.LITTLE_ENDIAN);
  }

  static long aligned(long offset) {
    return (offset + 3) & ~3L;
  }

  private TraceFormatException malformed(String what) {
    return TraceFormatException.atOffset(file, offset, what);
  }
}
