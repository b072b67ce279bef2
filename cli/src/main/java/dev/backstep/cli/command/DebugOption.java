package dev.backstep.cli.command;

import picocli.CommandLine.Option;

/// `--debug`, known to every verb; [CliErrors] looks for it.
public final class DebugOption {
  @Option(names = "--debug", description = "show stack traces of errors")
  private boolean debug;

  /// Whether it was given.
  public boolean isOn() {
    return debug;
  }
}
