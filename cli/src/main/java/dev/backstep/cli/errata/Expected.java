package dev.backstep.cli.errata;

/// What a source says is observed on one platform.
///
/// @param outcome the text of the observation; with `…` at its end, how that text begins
/// @param source where this stands
public record Expected(String outcome, String source) {
  private static final String AND_SO_ON = "…";

  public Expected {
    if (outcome.isBlank() || source.isBlank()) {
      throw new IllegalArgumentException("an expectation has an outcome and a source");
    }
  }

  /// Whether an observation is what was expected.
  public boolean matches(String observed) {
    return outcome.endsWith(AND_SO_ON)
        ? observed.startsWith(outcome.substring(0, outcome.length() - AND_SO_ON.length()))
        : observed.equals(outcome);
  }
}
