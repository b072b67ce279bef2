package dev.backstep.cli.command;

import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.StopReason;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `backstep run`: a guest without a recording.
@Command(
    name = "run",
    description = "Runs a guest and records nothing.",
    mixinStandardHelpOptions = true)
public final class RunCommand implements Callable<Integer> {
  @Mixin private MachineOptions machineOptions = new MachineOptions();
  @Mixin private ConsoleOptions consoleOptions = new ConsoleOptions();
  @Mixin private DebugOption debug = new DebugOption();

  @Option(names = "--stats", description = "print instructions and speed at the end")
  private boolean stats;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
  private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    try (ConsoleOptions.Console console = consoleOptions.open(machineOptions.clock());
        Machine machine =
            new Machine(machineOptions.config(), console.inputs(), console.output())) {
      try (Interruption _ = Interruption.of(machine)) {
        long start = System.nanoTime();
        StopReason reason = machine.run();
        return RunReport.of(machine, reason, System.nanoTime() - start)
            .print(stats, spec.commandLine().getErr());
      }
    }
  }
}
