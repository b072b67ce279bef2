package dev.backstep.recorder;

import dev.backstep.proto.v1.Input;

/// Takes the external inputs of a run, in the order in which the machine consumed them.
interface InputLog {
  void input(Input input);

  /// Instructions retired so far.
  long position();

  /// Turns that the machine began so far.
  long turn();

  /// The machine waits for a person: what was recorded so far should reach the disk.
  void waiting();
}
