package dev.backstep.emulator.control;

/// A request that is not written as requests are: one line that says what, where and what would be
/// right.
public final class ControlSyntaxException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String key;

  /// @param key the argument that is wrong; empty if it is the request as a whole
  ControlSyntaxException(String key, String message) {
    super(message);
    this.key = key;
  }

  /// The argument that is wrong; empty if it is the request as a whole.
  public String key() {
    return key;
  }
}
