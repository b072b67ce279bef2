package dev.backstep.cli.errata;

import dev.backstep.indexer.query.QueryException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One recording, and what is observed in it.
///
/// @param recorder records
/// @param folder of its own: the trace, and copies of what it was recorded from
record ErrataRecording(ErrataRun.Recorder recorder, Path folder) {
  /// Ends a guest that went astray: none of them runs for a tenth as long.
  private static final String MOST_INSTRUCTIONS = "50000000";

  private static final String TRACE = "trace";
  private static final String SPEAKER = "^(backstep|(backstep )?record): ";

  /// Records, replays and observes.
  ///
  /// @param trials all with the same command line
  List<Verdict> evaluate(List<Trial> trials, ErrataRun.Depth depth) throws IOException {
    Path trace = folder.resolve(TRACE);
    String said = record(trials.getFirst().command(), trace);
    if (!Files.isDirectory(trace)) {
      return refused(trials, said);
    }
    try (RecordedTrace recorded = RecordedTrace.open(trace)) {
      Optional<String> difference = recorded.replay();
      List<Verdict> verdicts = new ArrayList<>();
      for (Trial trial : trials) {
        Observed observed = observe(recorded, trial.behaviour().observation());
        verdicts.add(
            new Verdict(
                trial,
                observed.outcome(),
                observed.position(),
                difference,
                Optional.of(trace.toString()),
                around(recorded, observed, depth)));
      }
      return verdicts;
    }
  }

  /// @return what was said on standard error
  private String record(List<String> shown, Path trace) throws IOException {
    BuiltInFiles files = new BuiltInFiles(folder);
    List<String> words = new ArrayList<>();
    for (String word : shown) {
      words.add(files.word(word));
    }
    words.addAll(
        List.of(
            "-serial", "null", "--max-instructions", MOST_INSTRUCTIONS, "-o", trace.toString()));
    StringWriter said = new StringWriter();
    try (PrintWriter errors = new PrintWriter(said)) {
      recorder.record(words, errors);
    }
    return said.toString();
  }

  private static List<Verdict> refused(List<Trial> trials, String said) {
    String reason =
        said.lines().findFirst().orElse("without a word").replaceFirst(SPEAKER, "").strip();
    return trials.stream().map(trial -> Verdict.without(trial, "refused: " + reason)).toList();
  }

  private static Observed observe(RecordedTrace recorded, Observation observation)
      throws IOException {
    try {
      return recorded.observe(observation);
    } catch (QueryException e) {
      return Observed.nowhere("no query: " + e.getMessage());
    }
  }

  private static List<String> around(
      RecordedTrace recorded, Observed observed, ErrataRun.Depth depth) throws IOException {
    return depth == ErrataRun.Depth.SURROUNDINGS && observed.position().isPresent()
        ? recorded.around(observed.position().getAsLong())
        : List.of();
  }
}
