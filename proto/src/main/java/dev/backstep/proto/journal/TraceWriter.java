package dev.backstep.proto.journal;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.backstep.proto.codec.BlockColumn;
import dev.backstep.proto.codec.ColumnEncoder;
import dev.backstep.proto.codec.EventColumn;
import dev.backstep.proto.codec.InputColumn;
import dev.backstep.proto.v1.Chunk;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.JournalFile;
import dev.backstep.proto.v1.KindCount;
import dev.backstep.proto.v1.Manifest;
import dev.backstep.proto.v1.SealedChunk;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/// Writes a new trace: the manifest at once, chunks as they are appended, the end at [#finish].
///
/// After a crash at any moment the folder is a readable trace that is incomplete and holds every
/// chunk whose [#append] returned. An IOException means that the trace cannot be continued (a full
/// disk); what was appended before stays readable after [#close]. One thread at a time; the thread
/// that made the writer may hand it to another.
public final class TraceWriter implements AutoCloseable {
  private final Path trace;
  private final Manifest manifest;
  private final JournalAppender journal;
  private final ColumnEncoder encoder = new ColumnEncoder();
  private final CRC32C crc = new CRC32C();
  private final SortedMap<String, Long> kindCounts = new TreeMap<>();
  private int chunks;
  private int lastCrc32c;
  private long position;
  private long blocks;
  private long inputs;
  private boolean closed;

  private TraceWriter(Path trace, Manifest manifest, JournalAppender journal) {
    this.trace = trace;
    this.manifest = manifest;
    this.journal = journal;
  }

  /// Makes the folder `trace`, which must not exist or must be empty, and an empty trace in it.
  public static TraceWriter create(Path trace, Manifest manifest) throws IOException {
    requireEmptyFolder(trace);
    Manifest unended = manifest.toBuilder().clearEnd().build();
    ManifestFile.write(trace, unended);
    JournalAppender journal =
        JournalAppender.create(TraceLayout.journalFolder(trace), TraceLayout.journalFile(trace));
    return new TraceWriter(trace, unended, journal);
  }

  private static void requireEmptyFolder(Path trace) throws IOException {
    if (!Files.exists(trace)) {
      Files.createDirectories(trace);
      return;
    }
    if (!Files.isDirectory(trace)) {
      throw new NotDirectoryException(trace + ": is not a folder; a trace is one");
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(trace)) {
      if (entries.iterator().hasNext()) {
        throw new FileAlreadyExistsException(
            trace + ": is not empty; name a new folder for the trace or remove this one");
      }
    }
  }

  /// Writes what `builder` collected as one chunk, and empties it. Returns the chunk's number.
  public int append(ChunkBuilder builder) throws IOException {
    if (chunks == JournalAppender.MAX_EXCERPTS) {
      throw new IOException(trace + ": holds " + chunks + " chunks, the most there can be");
    }
    byte[] chunk = chunk(builder).toByteArray();
    crc.reset();
    crc.update(chunk);
    int sealed = (int) crc.getValue();
    byte[] excerpt =
        SealedChunk.newBuilder()
            .setCrc32C(sealed)
            .setChunk(UnsafeByteOperations.unsafeWrap(chunk))
            .build()
            .toByteArray();
    if (excerpt.length > TraceLayout.MAX_CHUNK_BYTES) {
      throw new IOException(trace + ": a chunk of " + excerpt.length + " bytes is too large");
    }
    journal.append(excerpt);
    lastCrc32c = sealed;
    position += builder.instructionCount();
    blocks += builder.blocks().size();
    inputs += builder.inputs().size();
    countKinds(builder);
    builder.clear();
    return chunks++;
  }

  private Chunk chunk(ChunkBuilder builder) {
    long end = position + builder.instructionCount();
    Chunk.Builder chunk =
        Chunk.newBuilder()
            .setNumber(chunks)
            .setFirstPosition(position)
            .setInstructionCount(builder.instructionCount())
            .setPreviousCrc32C(lastCrc32c)
            .setEntryCount(builder.entryCount())
            .setTurnCount(builder.turns().size())
            .setBlockCount(builder.blocks().size())
            .setEventCount(builder.events().size())
            .setInputCount(builder.inputs().size())
            .setTurns(encoder.turns(builder.turns()))
            .setSequence(encoder.sequence(builder.entries(), builder.turns()))
            .setBlocks(encoder.message(BlockColumn.pack(builder.blocks())))
            .setEvents(encoder.message(EventColumn.pack(builder.events(), position, end)))
            .setInputs(encoder.message(InputColumn.pack(builder.inputs(), position, end)))
            .setRegisterDigest(ByteString.copyFrom(builder.registerDigestBytes()));
    if (builder.memoryDigestBytes().length > 0) {
      chunk.setMemoryDigest(ByteString.copyFrom(builder.memoryDigestBytes()));
    }
    return chunk.build();
  }

  private void countKinds(ChunkBuilder builder) {
    for (Event event : builder.events()) {
      kindCounts.merge(EventKinds.nameOf(event), 1L, Long::sum);
    }
  }

  /// The position after the last chunk.
  public long position() {
    return position;
  }

  /// How many bytes of journal were written.
  public long journalBytes() {
    return journal.end();
  }

  /// Says how the run ended, which makes the trace complete, and closes it. Of `end`, the fields
  /// from `chunks` on are filled in here.
  public void finish(End end) throws IOException {
    long size = journal.finish();
    Path file = TraceLayout.journalFile(trace);
    // Chronicle's notes for appenders. Nobody appends to a finished trace, and no reader reads
    // them.
    Files.deleteIfExists(TraceLayout.journalFolder(trace).resolve("metadata.cq4t"));
    ManifestFile.forceFolder(TraceLayout.journalFolder(trace));
    End.Builder ended =
        end.toBuilder()
            .setChunks(chunks)
            .setLastCrc32C(lastCrc32c)
            .clearJournalFiles()
            .addJournalFiles(
                JournalFile.newBuilder()
                    .setName(TraceLayout.JOURNAL_FILE)
                    .setSize(size)
                    .setSha256(ByteString.copyFrom(FileDigest.sha256(file))))
            .clearKindCounts()
            .setBlocks(blocks)
            .setInputs(inputs);
    kindCounts.forEach(
        (kind, count) -> ended.addKindCounts(KindCount.newBuilder().setKind(kind).setCount(count)));
    ManifestFile.write(trace, manifest.toBuilder().setEnd(ended).build());
    close();
  }

  /// Ends the writing without an end of the run: the trace stays incomplete unless it was finished.
  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    encoder.close();
    journal.close();
  }
}
