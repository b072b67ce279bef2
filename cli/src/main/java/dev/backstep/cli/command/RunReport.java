package dev.backstep.cli.command;

import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.recorder.ControlScript;
import java.io.PrintWriter;
import java.util.Locale;

/// What is said at the end of a run, on standard error.
///
/// @param reason why the machine stopped
/// @param instructions retired
/// @param hostNs wall-clock time
record RunReport(StopReason reason, long instructions, long hostNs) {
  static RunReport of(Machine machine, StopReason reason, long hostNs) {
    return new RunReport(reason, machine.position(), hostNs);
  }

  /// Prints what the user must know (an end that the guest did not choose) and, if asked, the
  /// figures.
  ///
  /// @param errors standard error
  /// @return the exit status
  int print(boolean stats, PrintWriter errors) {
    switch (reason) {
      case StopReason.Idle _ ->
          errors.println(
              "backstep: the guest waits for ever: every vCPU is halted, no timer is armed and no"
                  + " input can come");
      case StopReason.Stuck(int vcpu) ->
          errors.println(
              "backstep: the guest is stuck: vCPU "
                  + vcpu
                  + " faults in its fault handler for ever (position "
                  + instructions
                  + ")");
      // QEMU's line.
      case StopReason.EntryFailed(int _, long hardwareReason) ->
          errors.println("KVM: entry failed, hardware error 0x" + Long.toHexString(hardwareReason));
      case StopReason.PowerOff _,
          StopReason.DebugExit _,
          StopReason.Reset _,
          StopReason.InstructionLimit _,
          StopReason.Requested _ -> {}
    }
    if (stats) {
      errors.println(figures());
    }
    return reason.exitStatus();
  }

  /// Prints the requests to the hypervisor that were not made: a line each.
  static void printUnmade(ControlScript script, PrintWriter errors) {
    for (ControlScript.Step step : script.open()) {
      errors.println("backstep: --inject " + step.text() + ": never became due");
    }
  }

  /// `N instructions in S s (R million/s), ended by REASON`.
  String figures() {
    double seconds = hostNs / 1e9;
    return String.format(
        Locale.ROOT,
        "%d instructions in %.2f s (%.1f million/s), ended by %s",
        instructions,
        seconds,
        instructions / 1e6 / Math.max(seconds, 1e-9),
        reason.label());
  }
}
