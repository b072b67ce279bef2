package dev.backstep.cli.errata;

import java.util.OptionalLong;

/// What an observation gave.
///
/// @param outcome in the words that expectations use
/// @param position where in the trace; empty where there is no such place
record Observed(String outcome, OptionalLong position) {
  /// Nothing is there to be seen.
  static Observed nothing() {
    return new Observed(Observation.NOTHING, OptionalLong.empty());
  }

  static Observed at(long position, String outcome) {
    return new Observed(outcome, OptionalLong.of(position));
  }

  /// Something that is not at one place of a trace.
  static Observed nowhere(String outcome) {
    return new Observed(outcome, OptionalLong.empty());
  }
}
