package dev.backstep.emulator.platform;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Says which of a guest's actions a hypervisor would have seen. One per machine: it remembers what
/// it needs of each vCPU's past.
public interface VmExitPolicy {
  /// Nothing exits: there is no hypervisor.
  VmExitPolicy NONE = (event, c) -> null;

  /// The exit that `event` would have caused, or null. Called for every event, in order, while the
  /// instruction that caused it is executing on `c`.
  MachineEvent.@Nullable VmExit exitFor(MachineEvent event, Vcpu c);
}
