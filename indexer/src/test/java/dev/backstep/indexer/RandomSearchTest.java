package dev.backstep.indexer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQuery;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Searches find exactly what going through everything one by one finds.
class RandomSearchTest {
  private static final int QUERIES = 120;
  private static final List<String> FACETS = List.of("kind", "mnemonic", "vcpu", "rip", "targets");

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void findsWhatBruteForceFinds(long seed) throws IOException, QueryException {
    Path trace = folder.resolve("t");
    SampleRun run = SampleRun.write(trace, seed, 5, 12);
    List<Row> rows = new ArrayList<>(run.rows);
    // At one position the events come first; the sort keeps the order of equal ones.
    rows.sort(
        Comparator.comparingLong((Row row) -> row.position()).thenComparing(Row::isInstruction));
    RandomQueries queries = new RandomQueries(new Random(seed), rows);
    try (TraceReader reader = TraceReader.open(trace);
        TraceSearch search = TraceSearch.open(reader, (_, _) -> {})) {
      int empty = 0;
      for (int k = 0; k < QUERIES; k++) {
        RandomQueries.Query query = queries.next();
        List<Row> expected =
            rows.stream()
                .filter(row -> query.instructions() || !row.isInstruction())
                .filter(query.matches())
                .toList();
        compare(search, query.text(), expected, k);
        empty += expected.isEmpty() ? 1 : 0;
      }
      assertTrue(empty < QUERIES / 2, empty + " queries found nothing");
    }
  }

  private static void compare(TraceSearch search, String text, List<Row> expected, int number)
      throws IOException, QueryException {
    TraceQuery query = TraceQueryParser.parse(text);
    List<String> found = new ArrayList<>();
    search.each(query, TraceSearch.ALL, hit -> found.add(Row.identity(hit)));
    assertEquals(expected.stream().map(Row::identity).toList(), found, text);
    assertEquals(expected.size(), search.count(query), text);
    List<String> kinds = expected.stream().map(Row::kind).distinct().toList();
    assertEquals(kinds, kinds.stream().filter(query.possibleKinds()::contains).toList(), text);
    long limit = expected.size() / 2;
    List<String> first = new ArrayList<>();
    search.each(query, limit, hit -> first.add(Row.identity(hit)));
    assertEquals(found.subList(0, (int) limit), first, text);
    String field = FACETS.get(number % FACETS.size());
    assertEquals(facets(expected, field), found(search, query, field), text + " by " + field);
  }

  private static Map<String, Long> facets(List<Row> rows, String field) {
    Map<String, Long> counts = new TreeMap<>();
    for (Row row : rows) {
      for (Object value : row.fields().getOrDefault(field, List.of())) {
        String shown =
            field.equals("rip") ? "0x" + Long.toHexString((Long) value) : value.toString();
        counts.merge(shown, 1L, Long::sum);
      }
    }
    return counts;
  }

  private static Map<String, Long> found(TraceSearch search, TraceQuery query, String field)
      throws IOException {
    Map<String, Long> counts = new TreeMap<>();
    long before = Long.MAX_VALUE;
    for (Facet facet : search.facets(query, field)) {
      counts.put(facet.value(), facet.count());
      assertEquals(Math.min(before, facet.count()), facet.count(), "descending");
      before = facet.count();
    }
    return counts;
  }
}
