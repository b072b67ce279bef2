package dev.backstep.cli;

import dev.backstep.cli.command.CliErrors;
import dev.backstep.cli.command.QemuCommand;

/// The program `backstep-qemu`.
public final class QemuMain {
  private QemuMain() {}

  /// Runs a command line and exits with its status.
  public static void main(String[] args) {
    System.exit(CliErrors.commandLine(new QemuCommand()).execute(args));
  }
}
