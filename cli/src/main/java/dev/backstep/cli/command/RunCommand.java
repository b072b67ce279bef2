package dev.backstep.cli.command;

import dev.backstep.recorder.ControlScript;
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
  @Mixin private InjectOptions injectOptions = new InjectOptions();
  @Mixin private DebugOption debug = new DebugOption();

  @Option(names = "--stats", description = "print instructions and speed at the end")
  private boolean stats;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
  private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    ControlScript script = injectOptions.script();
    try (ConsoleOptions.Console console = consoleOptions.open(machineOptions.clock())) {
      return new UnrecordedRun(console, script, spec.commandLine().getErr())
          .run(machineOptions.config(), stats);
    }
  }
}
