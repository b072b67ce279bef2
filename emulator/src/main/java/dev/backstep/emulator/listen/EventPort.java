package dev.backstep.emulator.listen;

import org.jspecify.annotations.Nullable;

/// Where the parts of a machine send their events. Callers ask [#isOn()] before they build one, so
/// that a run that nobody listens to builds none.
public final class EventPort {
  private @Nullable ExecutionListener listener;
  private EventFilter filter = event -> null;

  public void connect(@Nullable ExecutionListener newListener) {
    listener = newListener;
  }

  /// Has every event followed by what `newFilter` says follows from it.
  public void filter(EventFilter newFilter) {
    filter = newFilter;
  }

  public boolean isOn() {
    return listener != null;
  }

  public void emit(MachineEvent event) {
    if (listener == null) {
      return;
    }
    listener.event(event);
    MachineEvent consequence = filter.consequence(event);
    if (consequence != null) {
      listener.event(consequence);
    }
  }
}
