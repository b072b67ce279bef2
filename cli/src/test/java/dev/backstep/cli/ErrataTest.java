package dev.backstep.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.cli.command.CliErrors;
import dev.backstep.cli.command.RecordCommand;
import dev.backstep.cli.errata.CommandText;
import dev.backstep.cli.errata.ErrataCatalogue;
import dev.backstep.cli.errata.ErrataPlatform;
import dev.backstep.cli.errata.ErrataRun;
import dev.backstep.cli.errata.Trial;
import dev.backstep.cli.errata.Verdict;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Every behaviour of the errata, recorded on each platform, replayed, and compared with its
/// source.
class ErrataTest {
  @TempDir private Path folder = Path.of("unset");

  @TestFactory
  Stream<DynamicTest> guestsBehaveAsTheSourcesSay() throws Exception {
    List<Trial> trials = Trial.of(ErrataCatalogue.behaviours(), List.of(ErrataPlatform.values()));
    ErrataRun run =
        new ErrataRun(
            ErrataTest::record, folder, ErrataRun.Traces.DELETED, ErrataRun.Depth.OUTCOMES);
    List<Verdict> verdicts = run.run(trials, (_, _) -> {});
    assertEquals(trials, verdicts.stream().map(Verdict::trial).toList());
    return verdicts.stream().map(ErrataTest::test);
  }

  private static DynamicTest test(Verdict verdict) {
    Trial trial = verdict.trial();
    return DynamicTest.dynamicTest(
        trial.behaviour().name() + " on " + trial.platform().label(),
        () -> {
          assertEquals(Optional.empty(), verdict.difference(), "replay");
          assertTrue(verdict.agrees(), () -> disagreement(verdict));
        });
  }

  private static String disagreement(Verdict verdict) {
    return "observed %s, expected %s (%s): record %s"
        .formatted(
            verdict.observed(),
            verdict.trial().expected().outcome(),
            verdict.trial().expected().source(),
            CommandText.of(verdict.trial().command()));
  }

  static int record(List<String> words, PrintWriter errors) {
    CommandLine line = CliErrors.commandLine(new RecordCommand());
    line.setErr(errors);
    return line.execute(words.toArray(new String[0]));
  }
}
