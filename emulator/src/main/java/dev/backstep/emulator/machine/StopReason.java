package dev.backstep.emulator.machine;

/// Why a machine stopped.
public sealed interface StopReason {
  /// The guest powered the machine off.
  record PowerOff() implements StopReason {}

  /// The guest wrote `value` to the isa-debug-exit device.
  record DebugExit(int value) implements StopReason {}

  /// The guest reset the machine and resets stop it.
  record Reset(String source) implements StopReason {}

  /// The position limit was reached.
  record InstructionLimit() implements StopReason {}

  /// Every vCPU waits and nothing will ever wake one: no timer is armed, no input can come.
  record Idle() implements StopReason {}

  /// A vCPU faults at the first instruction of its fault handlers, or on the way to them, for ever,
  /// without retiring any.
  record Stuck(int vcpu) implements StopReason {}

  /// The hypervisor could not enter the guest: KVM_EXIT_FAIL_ENTRY.
  ///
  /// @param hardwareReason hardware_entry_failure_reason: a VM-instruction error, an exit reason
  ///   with bit 31 set, or SVM's exit code
  record EntryFailed(int vcpu, long hardwareReason) implements StopReason {}

  /// Somebody outside asked for it (end of the recording, interrupt key).
  record Requested() implements StopReason {}

  /// A short name: power-off, debug-exit, reset, instruction-limit, idle, stuck, entry-failed,
  /// requested.
  default String label() {
    return switch (this) {
      case PowerOff _ -> "power-off";
      case DebugExit _ -> "debug-exit";
      case Reset _ -> "reset";
      case InstructionLimit _ -> "instruction-limit";
      case Idle _ -> "idle";
      case Stuck _ -> "stuck";
      case EntryFailed _ -> "entry-failed";
      case Requested _ -> "requested";
    };
  }

  /// The exit status QEMU would end with; 1 for ends that QEMU has no status for.
  default int exitStatus() {
    return switch (this) {
      case DebugExit(int value) -> value << 1 | 1;
      case PowerOff _, Reset _, InstructionLimit _, Requested _ -> 0;
      case Idle _, Stuck _, EntryFailed _ -> 1;
    };
  }
}
