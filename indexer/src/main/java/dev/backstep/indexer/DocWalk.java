package dev.backstep.indexer;

import java.io.IOException;
import java.util.Iterator;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Scorer;
import org.apache.lucene.search.Weight;
import org.jspecify.annotations.Nullable;

/// Walks the documents that match a query in the order in which they were indexed.
final class DocWalk {
  private final Weight weight;
  private final Iterator<LeafReaderContext> leaves;
  private @Nullable DocIdSetIterator documents;
  private @Nullable NumericDocValues chunks;
  private @Nullable NumericDocValues ordinals;
  private int document;

  DocWalk(IndexSearcher searcher, Query query) throws IOException {
    weight = searcher.createWeight(searcher.rewrite(query), ScoreMode.COMPLETE_NO_SCORES, 1);
    leaves = searcher.getIndexReader().leaves().iterator();
  }

  /// Goes to the next document; false if there is none.
  boolean next() throws IOException {
    while (true) {
      if (documents != null) {
        document = documents.nextDoc();
        if (document != DocIdSetIterator.NO_MORE_DOCS) {
          return true;
        }
        documents = null;
      }
      if (!leaves.hasNext()) {
        return false;
      }
      LeafReaderContext leaf = leaves.next();
      Scorer scorer = weight.scorer(leaf);
      documents = scorer == null ? null : scorer.iterator();
      chunks = DocValues.getNumeric(leaf.reader(), IndexFields.CHUNK_NUMBER);
      ordinals = DocValues.getNumeric(leaf.reader(), IndexFields.ORDINAL);
    }
  }

  /// The chunk that the document is about.
  ///
  /// @param chunkCount how many there are
  int chunk(int chunkCount) throws IOException {
    return value(chunks, chunkCount);
  }

  /// An event's index in its chunk.
  ///
  /// @param eventCount how many there are
  int ordinal(int eventCount) throws IOException {
    return value(ordinals, eventCount);
  }

  private int value(@Nullable NumericDocValues values, int count) throws IOException {
    if (values != null && values.advanceExact(document)) {
      long value = values.longValue();
      if (value >= 0 && value < count) {
        return (int) value;
      }
    }
    throw new IOException("the index is not of this trace; remove its folder index and try again");
  }
}
