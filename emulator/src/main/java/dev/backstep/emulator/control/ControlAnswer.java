package dev.backstep.emulator.control;

/// What a request to the hypervisor came to.
///
/// @param result 0, another number that the request returns, or an error: -EINVAL
/// @param reason why, or what was answered; empty if there is nothing to say
public record ControlAnswer(String result, String reason) {
  /// Done, nothing to say.
  public static final ControlAnswer DONE = new ControlAnswer("0", "");

  /// Done, with an answer.
  public static ControlAnswer done(String answer) {
    return new ControlAnswer("0", answer);
  }

  /// Refused.
  ///
  /// @param reason in a sentence that a person understands
  public static ControlAnswer refused(Errno error, String reason) {
    return new ControlAnswer(error.result(), reason);
  }
}
