package dev.backstep.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.cli.errata.ErrataCatalogue;
import dev.backstep.cli.errata.ErrataPlatform;
import dev.backstep.cli.errata.ErrataRow;
import dev.backstep.cli.errata.Trial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What docs/errata says of the rows, against the rows.
class ErrataPagesTest {
  private static final Path PAGES = Path.of("..", "docs", "errata");
  private static final String SCENARIOS = "docs/errata/scenarios/";

  @Test
  void everyRowHasAPageThatTheOverviewNames() throws IOException {
    String overview = Files.readString(PAGES.resolve("README.md"));
    for (ErrataRow row : ErrataCatalogue.rows()) {
      String page = row.name() + ".md";
      assertTrue(Files.isRegularFile(PAGES.resolve(page)), page + " is missing");
      assertTrue(overview.contains("(" + page + ")"), page + " is not in the overview");
    }
  }

  @Test
  void everyScenarioFileIsRunByABehaviour() throws IOException {
    List<Trial> trials = Trial.of(ErrataCatalogue.behaviours(), List.of(ErrataPlatform.values()));
    var used =
        trials.stream()
            .flatMap(trial -> trial.command().stream())
            .filter(word -> word.startsWith(SCENARIOS))
            .map(word -> word.substring(SCENARIOS.length()))
            .collect(Collectors.toCollection(TreeSet::new));
    try (Stream<Path> files = Files.list(PAGES.resolve("scenarios"))) {
      var there =
          files
              .map(file -> String.valueOf(file.getFileName()))
              .collect(Collectors.toCollection(TreeSet::new));
      assertEquals(there, used);
    }
  }
}
