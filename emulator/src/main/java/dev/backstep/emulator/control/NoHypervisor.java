package dev.backstep.emulator.control;

import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;

/// The control interface of a machine that has no hypervisor to ask: every request fails.
public final class NoHypervisor implements ControlInterface {
  private final EventPort events;
  private final EventOrigin origin;

  /// @param events where `control` events go
  /// @param origin where and when they happen
  public NoHypervisor(EventPort events, EventOrigin origin) {
    this.events = events;
    this.origin = origin;
  }

  @Override
  public void perform(ControlCall call) {
    if (events.isOn()) {
      events.emit(
          new MachineEvent.Control(
              origin.at(), call.name(), call.arguments(), "-ENODEV", "there is no hypervisor"));
    }
  }
}
