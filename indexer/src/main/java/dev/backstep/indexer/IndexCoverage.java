package dev.backstep.indexer;

import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.apache.lucene.index.CodecReader;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.store.Directory;

/// How far an index covers its trace: what stands in its commit.
final class IndexCoverage {
  private static final String VERSION_KEY = "backstep.index.version";
  private static final String VERSION = "2";
  private static final String CHUNKS_KEY = "backstep.index.chunks";
  private static final String CRC_KEY = "backstep.index.crc32c";

  private IndexCoverage() {}

  /// What a commit says that covers the first `chunks` chunks.
  static Map<String, String> of(TraceReader reader, int chunks) {
    Map<String, String> covered = new TreeMap<>();
    covered.put(VERSION_KEY, VERSION);
    covered.put(CHUNKS_KEY, Integer.toString(chunks));
    covered.put(CRC_KEY, crc(reader, chunks));
    return covered;
  }

  /// How many chunks of this trace the index covers, all its bytes being as they were written.
  /// Empty if there is none that can be used: it can always be made again from the journal.
  static OptionalInt of(TraceReader reader, Directory directory) {
    try {
      if (!DirectoryReader.indexExists(directory)) {
        return OptionalInt.empty();
      }
      try (DirectoryReader index = DirectoryReader.open(directory)) {
        OptionalInt chunks = chunks(reader, index.getIndexCommit().getUserData());
        if (chunks.isPresent()) {
          checkIntegrity(index);
        }
        return chunks;
      }
    } catch (IOException | RuntimeException e) {
      // Lucene meets broken files with many exceptions; all mean that this index is of no use.
      return OptionalInt.empty();
    }
  }

  private static OptionalInt chunks(TraceReader reader, Map<String, String> commit) {
    String chunkText = commit.get(CHUNKS_KEY);
    if (!VERSION.equals(commit.get(VERSION_KEY)) || chunkText == null) {
      return OptionalInt.empty();
    }
    int chunks = Integer.parseInt(chunkText);
    return chunks >= 0
            && chunks <= reader.chunkCount()
            && crc(reader, chunks).equals(commit.get(CRC_KEY))
        ? OptionalInt.of(chunks)
        : OptionalInt.empty();
  }

  /// Lucene itself compares the checksums of its large files only when it merges them.
  private static void checkIntegrity(DirectoryReader index) throws IOException {
    for (LeafReaderContext leaf : index.leaves()) {
      if (leaf.reader() instanceof CodecReader segment) {
        segment.checkIntegrity();
      }
    }
  }

  private static String crc(TraceReader reader, int chunks) {
    return chunks == 0 ? "" : Integer.toHexString(reader.crc32c(chunks - 1));
  }
}
