package dev.backstep.cli.errata;

import java.util.List;

/// What is looked at in a trace.
public sealed interface Observation {
  /// Outcome where no event matches, or no such line was printed.
  String NOTHING = "nothing";

  /// Fields of the first event that matches: the value of one, `name=value name=value` of several.
  /// A field that the event does not have is `none`.
  record FirstEvent(String query, List<String> fields) implements Observation {
    public FirstEvent {
      fields = List.copyOf(fields);
    }
  }

  /// How many events or instructions match.
  record Count(String query) implements Observation {}

  /// The value of the first line `key=value` that the guest printed.
  record Printed(String key) implements Observation {}

  /// Why the run ended: `power-off`, `entry-failed`, … as `info` has it.
  record Ending() implements Observation {}

  /// Fields of the first event that matches a query, as tables of `search` show them.
  static Observation field(String query, String... fields) {
    if (fields.length == 0) {
      throw new IllegalArgumentException(query + ": names no field to look at");
    }
    return new FirstEvent(query, List.of(fields));
  }

  /// How many events or instructions match a query.
  static Observation count(String query) {
    return new Count(query);
  }

  /// The value of the first line `key=value` that the guest printed.
  static Observation printed(String key) {
    return new Printed(key);
  }

  /// Why the run ended.
  static Observation ending() {
    return new Ending();
  }

  /// The verb that shows the same, for a user to type behind `backstep`.
  default String lookup() {
    return switch (this) {
      case FirstEvent(String query, List<String> _) -> "search TRACE '" + query + "'";
      case Count(String query) -> "search TRACE '" + query + "' --count";
      case Printed(String key) -> "search TRACE 'kind:console AND text:" + key + "=*'";
      case Ending _ -> "info TRACE";
    };
  }
}
