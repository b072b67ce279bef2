package dev.backstep.cli.errata;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/// Carries trials out: records every different command line once and evaluates what was recorded.
public final class ErrataRun {
  // Each has a machine and an index; a guest is over in a moment.
  private static final int MOST_THREADS = 4;

  /// The verb `record`.
  @FunctionalInterface
  public interface Recorder {
    /// Records in this process; may be called from several threads at once.
    ///
    /// @param words as typed behind `record`
    /// @param errors takes what is said on standard error
    /// @return the exit status
    int record(List<String> words, PrintWriter errors);
  }

  /// Sees how a run comes along.
  @FunctionalInterface
  public interface Progress {
    /// So many recordings of so many are evaluated.
    void evaluated(int recordings, int of);
  }

  /// Whether verdicts say what was executed around what they found.
  public enum Depth {
    OUTCOMES,
    SURROUNDINGS
  }

  /// What becomes of the traces.
  public enum Traces {
    DELETED,
    KEPT
  }

  private final Recorder recorder;
  private final Path folder;
  private final Traces traces;
  private final Depth depth;

  /// @param folder for the traces and the files they were recorded from
  public ErrataRun(Recorder recorder, Path folder, Traces traces, Depth depth) {
    this.recorder = recorder;
    this.folder = folder;
    this.traces = traces;
    this.depth = depth;
  }

  /// Carries the trials out.
  ///
  /// @return a verdict for each, in the same order
  public List<Verdict> run(List<Trial> trials, Progress progress)
      throws IOException, InterruptedException {
    Map<List<String>, List<Trial>> recordings = new LinkedHashMap<>();
    for (Trial trial : trials) {
      recordings.computeIfAbsent(trial.command(), _ -> new ArrayList<>()).add(trial);
    }
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MOST_THREADS);
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      Map<List<Trial>, Future<List<Verdict>>> begun = new LinkedHashMap<>();
      for (List<Trial> together : recordings.values()) {
        String name = name(begun.size(), together.getFirst());
        begun.put(together, executor.submit(() -> evaluate(name, together)));
      }
      return inOrder(trials, collect(begun, progress));
    }
  }

  private static List<Verdict> collect(
      Map<List<Trial>, Future<List<Verdict>>> begun, Progress progress)
      throws InterruptedException {
    List<Verdict> verdicts = new ArrayList<>();
    int evaluated = 0;
    for (Map.Entry<List<Trial>, Future<List<Verdict>>> recording : begun.entrySet()) {
      progress.evaluated(evaluated++, begun.size());
      try {
        verdicts.addAll(recording.getValue().get());
      } catch (ExecutionException e) {
        // What is wrong with one says nothing about the others.
        String failure = "failed: " + e.getCause();
        recording.getKey().forEach(trial -> verdicts.add(Verdict.without(trial, failure)));
      }
    }
    progress.evaluated(begun.size(), begun.size());
    return verdicts;
  }

  private static List<Verdict> inOrder(List<Trial> trials, List<Verdict> verdicts) {
    Map<Trial, Integer> order = new LinkedHashMap<>();
    trials.forEach(trial -> order.put(trial, order.size()));
    return verdicts.stream()
        .sorted(Comparator.comparing(verdict -> order.getOrDefault(verdict.trial(), 0)))
        .toList();
  }

  private static String name(int number, Trial first) {
    return "%03d-%s-%s"
        .formatted(number, first.platform().label(), first.behaviour().recipe().guest());
  }

  private List<Verdict> evaluate(String name, List<Trial> together) throws IOException {
    ErrataRecording recording = new ErrataRecording(recorder, folder.resolve(name));
    try {
      return recording.evaluate(together, depth);
    } finally {
      if (traces == Traces.DELETED) {
        delete(folder.resolve(name));
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> deepestFirst;
    try (Stream<Path> files = Files.walk(folder)) {
      deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : deepestFirst) {
      Files.delete(file);
    }
  }
}
