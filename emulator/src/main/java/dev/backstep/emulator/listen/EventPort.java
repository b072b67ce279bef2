package dev.backstep.emulator.listen;

import org.jspecify.annotations.Nullable;

/// Where the parts of a machine send their events. Callers ask [#isOn()] before they build one, so that a
/// run that nobody listens to builds none.
public final class EventPort {
  private @Nullable ExecutionListener listener;

  public void connect(@Nullable ExecutionListener newListener) {
    listener = newListener;
  }

  public boolean isOn() {
    return listener != null;
  }

  public void emit(MachineEvent event) {
    if (listener != null) {
      listener.event(event);
    }
  }
}
