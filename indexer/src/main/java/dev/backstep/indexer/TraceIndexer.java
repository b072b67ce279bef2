package dev.backstep.indexer;

import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceLayout;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Event;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.lucene.document.Document;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogByteSizeMergePolicy;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.Lock;
import org.apache.lucene.store.LockObtainFailedException;

/// Builds the index of a trace, or completes it.
///
/// Documents stand in the index in the order of the journal, and stay so: only neighbouring
/// segments are merged. What an index covers is written into each commit; commits are made on the
/// way, so that little is lost when the process dies.
public final class TraceIndexer {
  // Lucene's own lock is taken only by writers, and after they looked at what is there.
  private static final String LOCK = "backstep.lock";
  private static final long LOCK_POLL_MS = 50;
  private static final double BUFFER_MB = 64;
  private static final long COMMIT_EVENTS = 500_000;
  private static final int COMMIT_CHUNKS = 500;

  static {
    LuceneLog.silence();
  }

  private final TraceReader reader;
  private final IndexListener listener;

  private TraceIndexer(TraceReader reader, IndexListener listener) {
    this.reader = reader;
    this.listener = listener;
  }

  /// What was done.
  ///
  /// @param chunks chunks that were added
  /// @param events events that were added
  /// @param damage what keeps the chunks after them out of the index: they cannot be read
  public record Added(int chunks, long events, Optional<TraceFormatException> damage) {}

  /// Makes the index in the trace's folder cover every chunk of the trace that can be read.
  ///
  /// @throws IOException if the index cannot be written
  public static Added bring(TraceReader reader, IndexListener listener) throws IOException {
    Path folder = TraceLayout.index(reader.trace());
    try (Directory directory = FSDirectory.open(folder)) {
      return bring(reader, directory, listener);
    } catch (FileSystemException e) {
      throw e;
    } catch (IOException e) {
      // A full disk does not say which.
      throw new IOException(folder + ": the index cannot be written: " + e.getMessage(), e);
    }
  }

  static Added bring(TraceReader reader, Directory directory, IndexListener listener)
      throws IOException {
    return new TraceIndexer(reader, listener).bring(directory);
  }

  private Added bring(Directory directory) throws IOException {
    OptionalInt covered = IndexCoverage.of(reader, directory);
    if (covered.isPresent()) {
      if (covered.getAsInt() == reader.chunkCount()) {
        return new Added(0, 0, Optional.empty());
      }
      Optional<TraceFormatException> damage = damageOf(covered.getAsInt());
      if (damage.isPresent()) {
        return new Added(0, 0, damage);
      }
    }
    try (Lock _ = lock(directory)) {
      // Another process may have done it meanwhile.
      covered = IndexCoverage.of(reader, directory);
      if (covered.isPresent() && covered.getAsInt() == reader.chunkCount()) {
        return new Added(0, 0, Optional.empty());
      }
      if (covered.isEmpty()) {
        clear(directory);
      }
      try {
        return write(directory, covered.orElse(0));
      } catch (IOException e) {
        removeUncommitted(directory, e);
        throw e;
      }
    }
  }

  /// A full disk need not stay full of what nobody can use.
  private static void removeUncommitted(Directory directory, IOException cause) {
    try {
      if (!DirectoryReader.indexExists(directory)) {
        clear(directory);
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private Optional<TraceFormatException> damageOf(int chunk) throws IOException {
    try {
      var _ = reader.chunk(chunk);
      return Optional.empty();
    } catch (TraceFormatException e) {
      return Optional.of(e);
    }
  }

  private Lock lock(Directory directory) throws IOException {
    for (boolean first = true; ; first = false) {
      try {
        return directory.obtainLock(LOCK);
      } catch (LockObtainFailedException e) {
        if (first) {
          listener.waiting();
        }
        try {
          Thread.sleep(LOCK_POLL_MS);
        } catch (InterruptedException interrupted) {
          Thread.currentThread().interrupt();
          throw new InterruptedIOException("interrupted while another process was indexing");
        }
      }
    }
  }

  /// Lucene cannot write over an index that it cannot read.
  private static void clear(Directory directory) throws IOException {
    for (String file : directory.listAll()) {
      if (!file.equals(LOCK) && !file.equals(IndexWriter.WRITE_LOCK_NAME)) {
        directory.deleteFile(file);
      }
    }
  }

  private Added write(Directory directory, int first) throws IOException {
    IndexWriterConfig config =
        new IndexWriterConfig()
            .setRAMBufferSizeMB(BUFFER_MB)
            .setMergePolicy(new LogByteSizeMergePolicy());
    try (IndexWriter writer = new IndexWriter(directory, config)) {
      try {
        return addChunks(writer, first);
      } catch (IOException | RuntimeException | Error e) {
        // Closing would commit half a chunk.
        writer.rollback();
        throw e;
      }
    }
  }

  private Added addChunks(IndexWriter writer, int first) throws IOException {
    BlockTable blocks = new BlockTable();
    ChunkDocument chunks = new ChunkDocument(blocks);
    if (first > 0) {
      reader.blocksThrough(first - 1, blocks);
    }
    long events = 0;
    long uncommitted = 0;
    int next = first;
    Optional<TraceFormatException> damage = Optional.empty();
    while (next < reader.chunkCount()) {
      List<Event> ofChunk;
      Document chunkDocument;
      try {
        DecodedChunk chunk = reader.chunk(next);
        blocks.add(chunk);
        ofChunk = chunk.events();
        chunkDocument = chunks.of(chunk);
      } catch (TraceFormatException e) {
        damage = Optional.of(e);
        break;
      }
      for (int k = 0; k < ofChunk.size(); k++) {
        writer.addDocument(EventDocument.of(ofChunk.get(k), next, k));
      }
      writer.addDocument(chunkDocument);
      events += ofChunk.size();
      uncommitted += ofChunk.size();
      listener.indexed(++next, reader.chunkCount());
      if (uncommitted >= COMMIT_EVENTS || (next - first) % COMMIT_CHUNKS == 0) {
        writer.setLiveCommitData(IndexCoverage.of(reader, next).entrySet());
        writer.commit();
        uncommitted = 0;
      }
    }
    writer.setLiveCommitData(IndexCoverage.of(reader, next).entrySet());
    return new Added(next - first, events, damage);
  }
}
