package dev.backstep.proto.journal;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.backstep.proto.codec.ColumnDecoder;
import dev.backstep.proto.codec.ColumnFormatException;
import dev.backstep.proto.codec.UnknownFields;
import dev.backstep.proto.v1.Chunk;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.CRC32C;

/// Reads a trace, whole, cut off or damaged. Writes nothing; needs no lock.
///
/// [#open] fails only if there is no readable manifest. Chunks up to the first damage can be read;
/// what stops the rest is in [#damage]. A journal that merely ends early (a crash, a full disk) has
/// no damage and is not [#isComplete]. A byte changed within a chunk is found when that chunk is
/// read, and anywhere by [TraceVerifier]. One thread at a time.
public final class TraceReader implements AutoCloseable {
  private final Path trace;
  private final Path file;
  private final Manifest manifest;
  private final FileChannel channel;
  private final ChunkTable chunks;
  private final Optional<TraceFormatException> damage;
  private final boolean cutOff;
  private final ColumnDecoder decoder = new ColumnDecoder();

  private TraceReader(Path trace, Manifest manifest, FileChannel channel) throws IOException {
    this.trace = trace;
    this.file = TraceLayout.journalFile(trace);
    this.manifest = manifest;
    this.channel = channel;
    JournalScan scan = JournalScan.of(file, channel);
    chunks = scan.chunks();
    cutOff = !manifest.hasEnd() || isShorter(manifest.getEnd(), channel.size());
    // Of two flaws the first in the journal counts.
    Optional<TraceFormatException> found = cutOff ? firstBadChecksum() : Optional.empty();
    found = found.or(scan::damage);
    damage = found.isEmpty() && !cutOff ? contradiction(manifest.getEnd(), scan) : found;
  }

  /// Opens the trace in the folder `trace`.
  public static TraceReader open(Path trace) throws IOException {
    Manifest manifest = ManifestFile.read(trace);
    Path file = TraceLayout.journalFile(trace);
    FileChannel channel;
    try {
      channel = TraceLayout.open(file);
    } catch (NoSuchFileException e) {
      throw new TraceFormatException(file, "not there; the trace has no journal").causedBy(e);
    }
    try {
      return new TraceReader(trace, manifest, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static boolean isShorter(End end, long size) {
    return end.getJournalFilesCount() == 1
        && Long.compareUnsigned(size, end.getJournalFiles(0).getSize()) < 0;
  }

  /// A recording that did not end in order has no digest of its journal, and what the system had
  /// not written when the power failed is missing in the middle of it: its whole chunks are those
  /// before the first whose checksum is wrong.
  private Optional<TraceFormatException> firstBadChecksum() throws IOException {
    for (int chunk = 0; chunk < chunks.size(); chunk++) {
      try {
        sealedBytes(chunk);
      } catch (TraceFormatException e) {
        chunks.cutTo(chunk);
        return Optional.of(e);
      }
    }
    return Optional.empty();
  }

  /// Where the journal's structure and the manifest's end disagree.
  private Optional<TraceFormatException> contradiction(End end, JournalScan scan)
      throws IOException {
    if (end.getJournalFilesCount() != 1
        || !end.getJournalFiles(0).getName().equals(TraceLayout.JOURNAL_FILE)) {
      return Optional.of(
          new TraceFormatException(
              TraceLayout.manifest(trace), "does not name the journal's file"));
    }
    String flaw = "";
    if (end.getJournalFiles(0).getSize() != channel.size() || scan.end() != channel.size()) {
      flaw =
          "%d bytes, %d of them used; the manifest says %s"
              .formatted(
                  channel.size(),
                  scan.end(),
                  Long.toUnsignedString(end.getJournalFiles(0).getSize()));
    } else if (end.getChunks() != chunks.size() || end.getLastCrc32C() != chunks.lastCrc32c()) {
      flaw =
          "%d chunks, the last with checksum %08x; the manifest says %s and %08x"
              .formatted(
                  chunks.size(),
                  chunks.lastCrc32c(),
                  Integer.toUnsignedString(end.getChunks()),
                  end.getLastCrc32C());
    }
    return flaw.isEmpty()
        ? Optional.empty()
        : Optional.of(TraceFormatException.atOffset(file, scan.end(), flaw));
  }

  public Path trace() {
    return trace;
  }

  public Manifest manifest() {
    return manifest;
  }

  /// Whether the recording ended in order, the journal is all there, and its structure is sound.
  public boolean isComplete() {
    return !cutOff && damage.isEmpty();
  }

  /// What stops the journal before its end, other than that it was cut off. Empty in a sound trace.
  public Optional<TraceFormatException> damage() {
    return damage;
  }

  /// One line on the state of the trace: `complete`, `incomplete: …` or `damaged: …`.
  public String state() {
    if (damage.isPresent()) {
      return "damaged: " + damage.get().getMessage();
    }
    if (!cutOff) {
      return "complete";
    }
    return manifest.hasEnd()
        ? "incomplete: the journal is shorter than it was when the recording ended"
        : "incomplete: the recording did not end in order";
  }

  /// How many whole chunks there are.
  public int chunkCount() {
    return chunks.size();
  }

  /// The position after the last whole chunk: how many instructions can be read.
  public long endPosition() {
    return chunks.endPosition();
  }

  public long firstPosition(int chunk) {
    return chunks.firstPosition(checked(chunk));
  }

  /// The checksum of a whole chunk. Each holds that of the one before, so it stands for the journal
  /// up to there.
  public int crc32c(int chunk) {
    return chunks.crc32c(checked(chunk));
  }

  /// The chunk that holds the instruction at `position`; the last one for positions after the end.
  /// There must be a chunk.
  public int chunkAt(long position) {
    checked(0);
    return chunks.chunkAt(position);
  }

  /// Reads a chunk and compares its checksum.
  public DecodedChunk chunk(int chunk) throws IOException {
    byte[] excerpt = sealedBytes(checked(chunk));
    int chunkAt = ChunkSeal.read(ByteBuffer.wrap(excerpt), excerpt.length).chunkAt();
    try {
      UnknownFields.requireFew(excerpt, chunkAt, Chunk.getDescriptor());
      Chunk parsed = Chunk.parseFrom(ByteBuffer.wrap(excerpt, chunkAt, excerpt.length - chunkAt));
      return new DecodedChunk(file, chunks.offset(chunk), parsed, decoder);
    } catch (ColumnFormatException e) {
      throw flaw(chunk, e.getMessage()).causedBy(e);
    } catch (InvalidProtocolBufferException e) {
      throw flaw(chunk, "is not a Protobuf message: " + e.getMessage()).causedBy(e);
    }
  }

  private byte[] sealedBytes(int chunk) throws IOException {
    byte[] excerpt = new byte[chunks.length(chunk)];
    ByteBuffer to = ByteBuffer.wrap(excerpt);
    long at = chunks.offset(chunk) + JournalFrames.HEADER_BYTES;
    while (to.hasRemaining()) {
      if (channel.read(to, at + to.position()) < 0) {
        throw flaw(chunk, "cut off while it was read");
      }
    }
    ChunkSeal seal = ChunkSeal.read(ByteBuffer.wrap(excerpt), excerpt.length);
    CRC32C crc = new CRC32C();
    crc.update(excerpt, seal.chunkAt(), excerpt.length - seal.chunkAt());
    if ((int) crc.getValue() != chunks.crc32c(chunk)) {
      throw flaw(
          chunk,
          "checksum %08x, of its bytes %08x".formatted(chunks.crc32c(chunk), (int) crc.getValue()));
    }
    return excerpt;
  }

  /// The definitions of all blocks that the chunks 0 to `chunk` run: what is needed to walk any of
  /// them. Extends `known`, which came from this reader's chunks, or a new table.
  public BlockTable blocksThrough(int chunk, BlockTable known) throws IOException {
    for (int next = known.chunks(); next <= checked(chunk); next++) {
      known.add(chunk(next));
    }
    return known;
  }

  Path journalFile() {
    return file;
  }

  private int checked(int chunk) {
    if (chunk < 0 || chunk >= chunks.size()) {
      throw new IndexOutOfBoundsException("chunk " + chunk + " of " + chunks.size());
    }
    return chunk;
  }

  private TraceFormatException flaw(int chunk, String what) {
    return TraceFormatException.inChunk(file, chunks.offset(chunk), chunk, what);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
