package dev.backstep.emulator.machine;

/// A machine cannot be built as asked. The message is one line for the user.
public final class MachineConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  public MachineConfigException(String message) {
    super(message);
  }

  /// @param cause what the message was made of
  public MachineConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
