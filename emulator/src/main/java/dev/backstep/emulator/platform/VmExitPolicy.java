package dev.backstep.emulator.platform;

import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Says which of a guest's actions a hypervisor would have seen.
public interface VmExitPolicy {
  /// Nothing exits: there is no hypervisor.
  VmExitPolicy NONE = (event, c) -> null;

  /// The exit that `event` would have caused, or null. Called when the event is emitted, while the
  /// instruction that causes it is executing on `c`; writes of control registers are emitted before
  /// the register changes.
  MachineEvent.@Nullable VmExit exitFor(MachineEvent event, Vcpu c);
}
