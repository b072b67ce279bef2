package dev.backstep.cli.errata;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What came of a trial.
///
/// @param trial what was tried
/// @param observed the outcome
/// @param position where in the trace it is seen; empty where there is no such place
/// @param difference how a replay of the recording differs from it; empty if it is identical
/// @param trace name of the trace's folder; empty if the recording was refused
/// @param around what was executed around the position; empty unless it was asked for
public record Verdict(
    Trial trial,
    String observed,
    OptionalLong position,
    Optional<String> difference,
    Optional<String> trace,
    List<String> around) {
  public Verdict {
    around = List.copyOf(around);
  }

  /// A trial that left no trace.
  static Verdict without(Trial trial, String why) {
    return new Verdict(
        trial, why, OptionalLong.empty(), Optional.empty(), Optional.empty(), List.of());
  }

  /// Whether the outcome is what the source says, and the recording replays.
  public boolean agrees() {
    return difference.isEmpty() && trial.expected().matches(observed);
  }
}
