package dev.backstep.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The guest `tally` counts what it does by itself; searches must find exactly that.
class TallyTest {
  @TempDir private Path folder = Path.of("unset");

  @ParameterizedTest
  @ValueSource(strings = {"bare-metal-intel", "kvm-intel"})
  void searchesCountWhatTheGuestCounted(String platform) throws Exception {
    Path trace = folder.resolve("trace");
    Path serial = folder.resolve("serial");
    CommandRun recorded =
        CommandRun.backstep(
            "record",
            "--platform",
            platform,
            "-kernel",
            Guests.copy("tally", folder).toString(),
            "-device",
            Guests.EXIT_DEVICE,
            "-serial",
            "file:" + serial,
            "-o",
            trace.toString());
    assertEquals(Guests.PASSED, recorded.status(), recorded.err());
    List<String> counts =
        Files.readAllLines(serial).stream().filter(line -> line.startsWith("count ")).toList();
    assertTrue(counts.size() > 20, "too few counts: " + counts);
    for (String count : counts) {
      assertCount(trace, List.of(count.strip().split(" ")));
    }
  }

  /// @param words `count KIND FIELD=VALUE … n=N`
  private static void assertCount(Path trace, List<String> words) {
    StringBuilder query = new StringBuilder("kind:" + words.get(1));
    for (String fact : words.subList(2, words.size() - 1)) {
      query.append(" AND ").append(fact.replace('=', ':'));
    }
    String expected = words.getLast().substring("n=".length());
    CommandRun count = CommandRun.backstep("search", trace.toString(), query.toString(), "--count");
    assertEquals(0, count.status(), count.err());
    assertEquals(expected, count.out().strip(), query.toString());
    CommandRun lines =
        CommandRun.backstep("search", trace.toString(), query.toString(), "--format", "jsonl");
    assertEquals(Long.parseLong(expected), lines.out().lines().count(), query.toString());
  }
}
