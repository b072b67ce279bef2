package dev.backstep.replay;

/// A trace cannot be replayed at all: its images are gone or changed, or its machine cannot be
/// built. The message is one line for the user.
public final class ReplayException extends Exception {
  private static final long serialVersionUID = 1L;

  public ReplayException(String message) {
    super(message);
  }

  /// @param cause what the message was made of
  public ReplayException(String message, Throwable cause) {
    super(message, cause);
  }
}
