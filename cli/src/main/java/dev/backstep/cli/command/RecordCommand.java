package dev.backstep.cli.command;

import dev.backstep.cli.Version;
import dev.backstep.recorder.ControlScript;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `backstep record`: a guest with every instruction and event journaled.
@Command(
    name = "record",
    description = "Runs a guest and journals every instruction and event.",
    mixinStandardHelpOptions = true)
public final class RecordCommand implements Callable<Integer> {
  @Mixin private MachineOptions machineOptions = new MachineOptions();
  @Mixin private ConsoleOptions consoleOptions = new ConsoleOptions();
  @Mixin private InjectOptions injectOptions = new InjectOptions();
  @Mixin private DebugOption debug = new DebugOption();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "TRACE",
      required = true,
      description = "folder for the trace; must not exist or be empty")
  private @Nullable Path output;

  @Option(names = "--stats", description = "print instructions, speed and journal size at the end")
  private boolean stats;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
  private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    if (output == null) {
      throw CliException.usage("-o TRACE is missing");
    }
    List<String> arguments = spec.commandLine().getParseResult().originalArgs();
    ControlScript script = injectOptions.script();
    try (ConsoleOptions.Console console = consoleOptions.open(machineOptions.clock())) {
      return new Recording(
              output,
              machineOptions.manifest(Version.text(), arguments),
              spec.commandLine().getErr())
          .run(machineOptions.config(), console, script, stats);
    }
  }
}
