package dev.backstep.cli.scenario;

/// A scenario that cannot be understood. The message is one line: file, line, key, and what would
/// be right.
public final class ScenarioException extends Exception {
  private static final long serialVersionUID = 1L;

  ScenarioException(String message) {
    super(message);
  }
}
