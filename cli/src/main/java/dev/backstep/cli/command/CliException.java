package dev.backstep.cli.command;

/// Ends a command with one line for the user. Exit status 2 is wrong usage, 1 everything else.
public final class CliException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int exitStatus;

  private CliException(String message, int exitStatus) {
    super(message);
    this.exitStatus = exitStatus;
  }

  /// The command was asked for something that makes no sense.
  public static CliException usage(String message) {
    return new CliException(message, 2);
  }

  /// The command could not do what it was asked.
  public static CliException failure(String message) {
    return new CliException(message, 1);
  }

  public int exitStatus() {
    return exitStatus;
  }
}
