package dev.backstep.cli.command;

import dev.backstep.cli.Version;
import dev.backstep.recorder.ControlScript;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `backstep-qemu`: the emulator behind the command line of `qemu-system-x86_64`. Options with a
/// meaning here are those of `record`; the rest of this class accepts what has none.
@Command(
    name = "backstep-qemu",
    description = {
      "The emulator of Backstep behind the command line of QEMU (qemu-system-x86_64).",
      "With BACKSTEP_TRACE=DIR in the environment the run is recorded into DIR; with",
      "BACKSTEP_PLATFORM=NAME it runs on that platform (default: kvm-intel)."
    })
public final class QemuCommand implements Callable<Integer> {
  private static final String DEFAULT_PLATFORM = "kvm-intel";

  @Mixin private MachineOptions machineOptions = new MachineOptions();
  @Mixin private ConsoleOptions consoleOptions = new ConsoleOptions();
  @Mixin private InjectOptions injectOptions = new InjectOptions();
  @Mixin private DebugOption debug = new DebugOption();

  @Option(
      names = {"-nodefaults", "-no-user-config", "-no-hpet", "-enable-kvm"},
      hidden = true)
  private boolean[] withoutMeaning = {};

  @Option(
      names = {"-display", "-global", "-accel", "-name", "-monitor", "-vga", "-net", "-nic"},
      paramLabel = "ANY",
      hidden = true)
  private List<String> alsoWithoutMeaning = new ArrayList<>();

  @Option(
      names = {"-h", "-help", "--help"},
      usageHelp = true,
      description = "show this help")
  private boolean help;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
  private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    String platform = System.getenv("BACKSTEP_PLATFORM");
    machineOptions.defaultPlatform(platform == null ? DEFAULT_PLATFORM : platform);
    String trace = System.getenv("BACKSTEP_TRACE");
    ControlScript script = injectOptions.script();
    try (ConsoleOptions.Console console = consoleOptions.open(machineOptions.clock())) {
      if (trace == null || trace.isEmpty()) {
        return new UnrecordedRun(console, script, spec.commandLine().getErr())
            .run(machineOptions.config(), false);
      }
      return record(Path.of(trace), console, script);
    }
  }

  private int record(Path trace, ConsoleOptions.Console console, ControlScript script)
      throws Exception {
    List<String> arguments = spec.commandLine().getParseResult().originalArgs();
    return new Recording(
            trace, machineOptions.manifest(Version.text(), arguments), spec.commandLine().getErr())
        .run(machineOptions.config(), console, script, false);
  }
}
