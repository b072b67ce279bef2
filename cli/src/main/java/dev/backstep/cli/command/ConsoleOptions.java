package dev.backstep.cli.command;

import dev.backstep.cli.host.HostClock;
import dev.backstep.cli.host.HostInputs;
import dev.backstep.cli.host.InputScript;
import dev.backstep.cli.host.NoInput;
import dev.backstep.cli.host.SerialTarget;
import dev.backstep.cli.host.StandardInput;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.Machine;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The guest's console: where its output goes and where its input comes from.
public final class ConsoleOptions {
  @Option(
      names = "-serial",
      paramLabel = "stdio|file:PATH|null",
      description = "where the serial port leads (default: stdio)")
  private String serial = "stdio";

  @Option(
      names = "--input",
      paramLabel = "FILE",
      description = "console input from a file, each line with the prompt or position it answers")
  private @Nullable Path input;

  /// An open console.
  ///
  /// @param target takes what the guest prints
  /// @param output the same, as the machine wants it
  /// @param inputs what the guest asks of the host
  public record Console(SerialTarget target, Machine.ConsoleOutput output, ExternalInputs inputs)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      target.close();
    }
  }

  /// Opens the console; the caller closes it.
  public Console open(HostClock clock) throws IOException {
    InputScript script = input == null ? null : InputScript.read(input);
    SerialTarget target = SerialTarget.open(serial);
    if (script != null) {
      Machine.ConsoleOutput output =
          bytes -> {
            target.write(bytes);
            script.printed(bytes);
          };
      return new Console(target, output, new HostInputs(clock, script));
    }
    return new Console(
        target,
        target::write,
        new HostInputs(clock, target.isConsole() ? new StandardInput(System.in) : new NoInput()));
  }
}
