package dev.backstep.emulator.control;

/// Carries out requests of a hypervisor's user.
public interface ControlInterface {
  /// Performs `call` and emits a `control` event with its result. An error, such as -EINVAL, is a
  /// result: the user of a real hypervisor may go on after it.
  void perform(ControlCall call);
}
