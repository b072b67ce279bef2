package dev.backstep.cli.scenario;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.recorder.ControlScript.Moment;
import dev.backstep.recorder.ControlScript.Step;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads a step in one line: the request, and behind it `at=POSITION`, or `when=QUERY`, which takes
/// the rest of the text.
final class StepText {
  private static final String WHEN_KEY = "," + Moments.WHEN + "=";
  private static final String AT_KEY = Moments.AT + "=";

  private StepText() {}

  /// @throws IllegalArgumentException one line that says what would be right
  static Step parse(String text) {
    int when = text.indexOf(WHEN_KEY);
    String query = when < 0 ? null : text.substring(when + WHEN_KEY.length());
    List<String> request = new ArrayList<>();
    String position = null;
    for (String part : List.of((when < 0 ? text : text.substring(0, when)).split(",", -1))) {
      if (!part.startsWith(AT_KEY) || request.isEmpty()) {
        request.add(part);
      } else if (position == null) {
        position = part.substring(AT_KEY.length());
      } else {
        throw new IllegalArgumentException("at is given twice");
      }
    }
    ControlCall call = ControlCall.parse(String.join(",", request));
    return new Step(call, moment(position, query));
  }

  /// @param position what `at` says, if it is there
  /// @param query what `when` says, if it is there
  static Moment moment(@Nullable String position, @Nullable String query) {
    if (position != null && query != null) {
      throw new IllegalArgumentException("at and when are both given: which of them?");
    }
    if (position != null) {
      return Moments.at(position);
    }
    if (query != null) {
      return Moments.when(query);
    }
    throw new IllegalArgumentException(
        "it does not say when: add at=POSITION or, as the last key, when=QUERY");
  }
}
