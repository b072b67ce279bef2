package dev.backstep.cli;

import dev.backstep.cli.command.CliErrors;
import dev.backstep.cli.command.DemoCommand;
import dev.backstep.cli.command.ErrataCommand;
import dev.backstep.cli.command.IndexCommand;
import dev.backstep.cli.command.InfoCommand;
import dev.backstep.cli.command.PlatformsCommand;
import dev.backstep.cli.command.RecordCommand;
import dev.backstep.cli.command.ReplayCommand;
import dev.backstep.cli.command.RunCommand;
import dev.backstep.cli.command.SearchCommand;
import dev.backstep.cli.command.ShowCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// The program `backstep`.
@Command(
    name = "backstep",
    description = "Records whole runs of x86 guests, replays them bit for bit, and searches them.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      RecordCommand.class,
      RunCommand.class,
      InfoCommand.class,
      ReplayCommand.class,
      IndexCommand.class,
      SearchCommand.class,
      ShowCommand.class,
      ErrataCommand.class,
      PlatformsCommand.class,
      DemoCommand.class
    })
public final class Main implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it before anything runs
  private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "missing verb; try one of " + spec.subcommands().keySet());
  }

  /// Runs a command line and exits with its status.
  public static void main(String[] args) {
    System.exit(CliErrors.commandLine(new Main()).execute(args));
  }
}
