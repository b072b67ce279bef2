package dev.backstep.emulator.testing;

import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import java.util.ArrayList;
import java.util.List;

/// Keeps the events of a run, for tests to look at.
public final class EventLog implements ExecutionListener {
  public final List<MachineEvent> events = new ArrayList<>();

  @Override
  public void blockBuilt(CodeBlock block) {}

  @Override
  public void executed(int vcpu, long firstPosition, int[] entries, int count, long instructions) {}

  @Override
  public void event(MachineEvent event) {
    events.add(event);
  }

  /// The exceptions in order, as `#GP(10)` with the error code in hex, or `#UD`.
  public List<String> exceptions() {
    List<String> names = new ArrayList<>();
    for (MachineEvent event : events) {
      if (event instanceof MachineEvent.Exception e) {
        names.add(e.hasErrorCode() ? "%s(%x)".formatted(e.name(), e.errorCode()) : e.name());
      }
    }
    return names;
  }

  /// The events of one kind.
  public <T extends MachineEvent> List<T> of(Class<T> kind) {
    return events.stream().filter(kind::isInstance).map(kind::cast).toList();
  }
}
