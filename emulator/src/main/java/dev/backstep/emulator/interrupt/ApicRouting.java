package dev.backstep.emulator.interrupt;

import java.util.BitSet;

/// Decides which local APICs an interrupt message reaches. Platforms differ here: hypervisors do
/// not always do what the architecture says.
public interface ApicRouting {
  /// Adds the vCPUs that `message` addresses to `targets`, whether or not they will accept it.
  ///
  /// @return the rule that chose them, for `ipi` events
  String route(InterruptMessage message, ApicDirectory apics, BitSet targets);

  /// Chooses one of several candidates (at least one) for a lowest-priority message.
  ///
  /// @return a vCPU number
  int arbitrate(InterruptMessage message, ApicDirectory apics, BitSet candidates);

  /// The rule of [#arbitrate], for `ipi` events.
  String arbitrationRule();
}
