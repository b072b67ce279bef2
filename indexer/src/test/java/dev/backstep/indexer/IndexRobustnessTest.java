package dev.backstep.indexer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQuery;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.proto.journal.TraceLayout;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever state an index is in, a search finds the same.
class IndexRobustnessTest {
  private static final int CHUNKS = 4;
  private static final String EVERYTHING = "kind:* OR kind:instruction";

  @TempDir Path folder;
  private Path trace;
  private List<String> expected;

  @BeforeEach
  void writeTrace() throws IOException {
    trace = folder.resolve("t");
    SampleRun.write(trace, 5, CHUNKS, 8);
    expected = everything();
    assertTrue(expected.size() > 100);
  }

  private static TraceIndexer.Added index(Path trace) throws IOException {
    try (TraceReader reader = TraceReader.open(trace)) {
      return TraceIndexer.bring(reader, (_, _) -> {});
    }
  }

  private List<String> everything() throws IOException {
    try (TraceReader reader = TraceReader.open(trace);
        TraceSearch search = TraceSearch.open(reader, (_, _) -> {})) {
      List<String> found = found(search);
      assertTrue(search.damage().isEmpty());
      return found;
    }
  }

  private static List<String> found(TraceSearch search) throws IOException {
    List<String> found = new ArrayList<>();
    search.each(query(EVERYTHING), TraceSearch.ALL, hit -> found.add(Row.identity(hit)));
    return found;
  }

  private static TraceQuery query(String text) {
    try {
      return TraceQueryParser.parse(text);
    } catch (QueryException e) {
      throw new AssertionError(e);
    }
  }

  private List<Path> indexFiles() throws IOException {
    try (Stream<Path> files = Files.list(TraceLayout.index(trace))) {
      return files.filter(f -> !f.getFileName().toString().endsWith(".lock")).sorted().toList();
    }
  }

  @Test
  void addsNothingToAnIndexThatIsComplete() throws IOException {
    assertEquals(0, index(trace).chunks());
    assertEquals(expected, everything());
  }

  @Test
  void completesAnIndexOlderThanItsTrace() throws IOException {
    trace = folder.resolve("growing");
    SampleRun run = new SampleRun(9, 2);
    try (TraceWriter writer = SampleRun.create(trace)) {
      run.append(writer, 5);
      assertEquals(1, index(trace).chunks());
      run.append(writer, 5);
      run.append(writer, 5);
      assertEquals(2, index(trace).chunks());
      run.append(writer, 5);
      run.finish(writer);
    }
    assertEquals(run.rows.size(), everything().size());
    assertEquals(0, index(trace).chunks());
  }

  @Test
  void searchesATraceWithoutAnyChunk() throws IOException {
    trace = folder.resolve("empty");
    SampleRun.create(trace).close();
    assertEquals(List.of(), everything());
  }

  @Test
  void replacesTheIndexOfAnotherTrace() throws IOException {
    Path other = folder.resolve("other");
    SampleRun.write(other, 6, CHUNKS, 8);
    index(other);
    Files.move(TraceLayout.index(trace), folder.resolve("removed"));
    Files.move(TraceLayout.index(other), TraceLayout.index(trace));
    assertEquals(CHUNKS, index(trace).chunks());
    assertEquals(expected, everything());
  }

  @Test
  void replacesAnIndexOfAnotherVersion() throws IOException {
    try (Directory directory = FSDirectory.open(TraceLayout.index(trace));
        IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig())) {
      writer.setLiveCommitData(Map.of("backstep.index.version", "0").entrySet());
    }
    assertEquals(CHUNKS, index(trace).chunks());
    assertEquals(expected, everything());
  }

  @Test
  void replacesAnIndexWithAFlippedByte() throws IOException {
    for (Path file : indexFiles()) {
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 0x40;
      Files.write(file, bytes);
      assertEquals(expected, everything(), file.toString());
      byte[] now = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
      assertFalse(Arrays.equals(bytes, now), file + " is still there");
    }
  }

  @Test
  void replacesAnIndexWithACutOrMissingFile() throws IOException {
    for (Path file : indexFiles()) {
      if (Files.exists(file)) {
        Files.write(file, new byte[] {1, 2, 3});
        assertEquals(expected, everything(), file.toString());
      }
    }
    for (Path file : indexFiles()) {
      if (Files.exists(file)) {
        Files.delete(file);
        assertEquals(expected, everything(), file.toString());
      }
    }
  }

  @Test
  void searchesInMemoryWhereTheFolderCannotBeWritten() throws IOException {
    Files.move(TraceLayout.index(trace), folder.resolve("removed"));
    Files.createFile(TraceLayout.index(trace));
    List<String> notes = new ArrayList<>();
    IndexListener listener =
        new IndexListener() {
          @Override
          public void indexed(int chunks, int ofChunks) {}

          @Override
          public void inMemory(String why) {
            notes.add(why);
          }
        };
    try (TraceReader reader = TraceReader.open(trace);
        TraceSearch search = TraceSearch.open(reader, listener)) {
      assertEquals(expected, found(search));
    }
    assertEquals(1, notes.size());
  }

  @Test
  void completesWhatWasKilledOnTheWay() throws IOException {
    for (int at = 1; at <= CHUNKS; at++) {
      int deadly = at;
      for (Path file : indexFiles()) {
        Files.delete(file);
      }
      try (TraceReader reader = TraceReader.open(trace)) {
        assertThrows(
            IllegalStateException.class,
            () ->
                TraceIndexer.bring(
                    reader,
                    (chunks, _) -> {
                      if (chunks == deadly) {
                        throw new IllegalStateException("killed");
                      }
                    }));
      }
      assertEquals(expected, everything());
    }
  }

  @Test
  void servesSeveralAtOnce() throws Exception {
    for (Path file : indexFiles()) {
      Files.delete(file);
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Callable<List<String>> search = this::everything;
      List<Future<List<String>>> results =
          threads.invokeAll(List.of(search, search, search, search));
      for (Future<List<String>> result : results) {
        assertEquals(expected, result.get());
      }
    }
  }

  @Test
  void searchesADamagedTraceUpToTheDamage() throws IOException {
    byte[] journal = Files.readAllBytes(TraceLayout.journalFile(trace));
    // The last bytes are those of the last chunk.
    journal[usedBytes(journal) - 50] ^= 0x10;
    Files.write(TraceLayout.journalFile(trace), journal);
    // With the index from before the damage, and with one made of what is left.
    requireSomeOfTheStart();
    for (Path file : indexFiles()) {
      Files.delete(file);
    }
    requireSomeOfTheStart();
    requireSomeOfTheStart();
  }

  private void requireSomeOfTheStart() throws IOException {
    try (TraceReader reader = TraceReader.open(trace);
        TraceSearch search = TraceSearch.open(reader, (_, _) -> {})) {
      List<String> found = found(search);
      assertTrue(search.damage().isPresent() || reader.damage().isPresent());
      assertTrue(!found.isEmpty() && found.size() < expected.size(), found.size() + " found");
      assertEquals(expected.subList(0, found.size()), found);
    }
  }

  private static int usedBytes(byte[] journal) {
    int used = journal.length;
    while (journal[used - 1] == 0) {
      used--;
    }
    return used;
  }
}
