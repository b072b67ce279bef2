package dev.backstep.emulator.device;

/// What a device may ask of the whole machine. Requests take effect when the running instruction
/// has retired.
public interface MachineControl {
  /// The guest switched its power off, through `source`.
  void powerOff(String source);

  /// The guest reset itself, through `source`.
  void reset(String source);

  /// The guest ended the run with a value (isa-debug-exit).
  void debugExit(int value);
}
