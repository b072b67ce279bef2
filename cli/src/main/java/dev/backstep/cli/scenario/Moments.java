package dev.backstep.cli.scenario;

import dev.backstep.indexer.EventCondition;
import dev.backstep.indexer.query.QueryException;
import dev.backstep.recorder.ControlScript.Moment;
import java.util.Locale;

/// Reads when a step is due.
final class Moments {
  static final String AT = "at";
  static final String WHEN = "when";

  private Moments() {}

  /// A position.
  ///
  /// @throws IllegalArgumentException one line that says what would be right
  static Moment at(String text) {
    if (text.endsWith("%") || text.toLowerCase(Locale.ROOT).startsWith("end")) {
      throw new IllegalArgumentException(
          "at=%s: where a run ends is not known while it runs; give a number of instructions"
              .formatted(Shown.brief(text)));
    }
    boolean isHex = text.startsWith("0x");
    try {
      long position = Long.parseLong(text, isHex ? 2 : 0, text.length(), isHex ? 16 : 10);
      if (position >= 0 && !text.contains("+")) {
        return new Moment.At(position);
      }
    } catch (NumberFormatException _) {
      throw noPosition(text);
    }
    throw noPosition(text);
  }

  private static IllegalArgumentException noPosition(String text) {
    return new IllegalArgumentException(
        "at=%s: give a position, a number of instructions such as 1000"
            .formatted(Shown.brief(text)));
  }

  /// An event that meets a query.
  ///
  /// @throws IllegalArgumentException one line that says what would be right
  static Moment when(String query) {
    try {
      return new Moment.When(query, EventCondition.compile(query));
    } catch (QueryException e) {
      throw new IllegalArgumentException("when: " + e.getMessage(), e);
    }
  }
}
