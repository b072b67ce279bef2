package dev.backstep.emulator.listen;

import org.jspecify.annotations.Nullable;

/// Adds what follows from an event.
public interface EventFilter {
  /// The event that `event` brings with it, or null. Called for every event, in order.
  @Nullable MachineEvent consequence(MachineEvent event);
}
