package dev.backstep.cli.command;

import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.recorder.ControlScript;
import dev.backstep.recorder.ControlledInputs;
import dev.backstep.recorder.ScriptFeed;
import java.io.PrintWriter;

/// One run that nobody records, from start to end: what `run` and `backstep-qemu` share.
///
/// @param console of the guest
/// @param script requests to the hypervisor
/// @param err what a person is told
record UnrecordedRun(ConsoleOptions.Console console, ControlScript script, PrintWriter err) {
  /// @param stats whether to print figures at the end
  /// @return the exit status
  int run(MachineConfig config, boolean stats) throws MachineConfigException {
    try (Machine machine =
            new Machine(config, new ControlledInputs(console.inputs(), script), console.output());
        Interruption _ = Interruption.of(machine)) {
      script.connect(machine::leaveTurn);
      if (script.hasConditions()) {
        machine.listen(new ScriptFeed(script));
      }
      long start = System.nanoTime();
      StopReason reason = machine.run();
      RunReport report = RunReport.of(machine, reason, System.nanoTime() - start);
      RunReport.printUnmade(script, err);
      return report.print(stats, err);
    }
  }
}
