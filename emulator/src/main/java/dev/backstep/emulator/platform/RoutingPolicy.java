package dev.backstep.emulator.platform;

import dev.backstep.emulator.interrupt.ApicRouting;

/// Says whom interrupts reach on a platform.
public interface RoutingPolicy {
  /// The rule for a board, of whose local APICs it may keep something.
  ApicRouting forBoard();
}
