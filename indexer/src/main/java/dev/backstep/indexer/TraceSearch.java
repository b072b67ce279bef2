package dev.backstep.indexer;

import dev.backstep.indexer.query.TraceQuery;
import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceLayout;
import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.store.ByteBuffersDirectory;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;

/// Searches a trace, as far as it is whole.
public final class TraceSearch implements AutoCloseable {
  /// No limit on the number of hits.
  public static final long ALL = Long.MAX_VALUE;

  /// Sees hits one after the other.
  public interface Visitor {
    /// @return whether to go on
    boolean visit(Hit hit) throws IOException;
  }

  static {
    LuceneLog.silence();
  }

  private final TraceReader reader;
  private final Directory directory;
  private final DirectoryReader index;
  private final IndexSearcher searcher;
  private final DamageNote damage = new DamageNote();

  private TraceSearch(TraceReader reader, Directory directory, IndexListener listener)
      throws IOException {
    TraceIndexer.bring(reader, directory, listener)
        .damage()
        .ifPresent(unread -> damage.add(reader.chunkCount(), unread));
    this.reader = reader;
    this.directory = directory;
    this.index = DirectoryReader.open(directory);
    this.searcher = new IndexSearcher(index);
  }

  /// Opens the index of a trace, after it was built or completed where that is needed: in memory if
  /// the trace's folder cannot be written.
  ///
  /// @param reader the trace; stays the caller's
  public static TraceSearch open(TraceReader reader, IndexListener listener) throws IOException {
    try {
      return on(FSDirectory.open(TraceLayout.index(reader.trace())), reader, listener);
    } catch (IOException e) {
      listener.inMemory(e.toString());
    }
    return inMemory(reader, listener);
  }

  /// Indexes a trace in memory: for one that is short and searched now only.
  ///
  /// @param reader the trace; stays the caller's
  public static TraceSearch inMemory(TraceReader reader, IndexListener listener)
      throws IOException {
    try {
      return on(new ByteBuffersDirectory(), reader, listener);
    } catch (OutOfMemoryError e) {
      throw new IOException(
          "the index does not fit into memory; copy the trace to a folder that can be written", e);
    }
  }

  private static TraceSearch on(Directory directory, TraceReader reader, IndexListener listener)
      throws IOException {
    try {
      return new TraceSearch(reader, directory, listener);
    } catch (IOException | RuntimeException | Error e) {
      directory.close();
      throw e;
    }
  }

  /// Shows what matches, in the order in which it happened, to `visitor`, at most `limit` hits.
  public void each(TraceQuery query, long limit, Visitor visitor) throws IOException {
    HitStream hits = hits(query);
    for (long n = 0; n < limit; n++) {
      Hit hit = hits.next();
      if (hit == null || !visitor.visit(hit)) {
        return;
      }
    }
  }

  /// How many events and instructions match, exactly.
  public long count(TraceQuery query) throws IOException {
    long count = searcher.count(IndexQueries.events(query.condition()));
    if (query.asksForInstructions()) {
      InstructionScan scan = scan(query);
      while (scan.nextChunk()) {
        if (scan.wholeChunkMatches()) {
          count += scan.instructionsOfChunk();
          continue;
        }
        while (scan.nextRun()) {
          count += scan.count();
        }
      }
    }
    return count;
  }

  /// Counts what matches by the value of a field; the most frequent value first. What lacks the
  /// field does not count.
  public List<Facet> facets(TraceQuery query, String field) throws IOException {
    FacetCounts counts = new FacetCounts(field);
    HitStream events = events(query);
    for (Hit hit = events.next(); hit != null; hit = events.next()) {
      counts.add(hit, 1);
    }
    if (query.asksForInstructions()) {
      counts.addAll(scan(query));
    }
    return counts.sorted();
  }

  /// Where the trace turned out to be damaged: what lies behind was not searched.
  public Optional<TraceFormatException> damage() {
    return damage.first();
  }

  private HitStream hits(TraceQuery query) throws IOException {
    HitStream events = events(query);
    return query.asksForInstructions()
        ? new MergedHits(events, new InstructionHits(scan(query)))
        : events;
  }

  private HitStream events(TraceQuery query) throws IOException {
    DocWalk documents = new DocWalk(searcher, IndexQueries.events(query.condition()));
    return new EventHits(reader, documents, damage);
  }

  private InstructionScan scan(TraceQuery query) throws IOException {
    DocWalk candidates = new DocWalk(searcher, IndexQueries.chunks(query.condition()));
    return new InstructionScan(reader, query.condition(), candidates, damage);
  }

  @Override
  public void close() throws IOException {
    index.close();
    directory.close();
  }
}
