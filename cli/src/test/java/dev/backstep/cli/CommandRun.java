package dev.backstep.cli;

import dev.backstep.cli.command.CliErrors;
import dev.backstep.cli.command.QemuCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/// A command line that was run within this JVM, and what came of it.
///
/// @param status exit status
/// @param out standard output
/// @param err standard error
record CommandRun(int status, String out, String err) {
  /// Runs `backstep` with `words`. Not for tests that run in parallel: standard output is
  /// redirected.
  static CommandRun backstep(String... words) {
    return run(new Main(), words);
  }

  /// Runs `backstep-qemu` with `words`.
  static CommandRun qemu(String... words) {
    return run(new QemuCommand(), words);
  }

  private static CommandRun run(Object command, String... words) {
    PrintStream realOut = System.out;
    PrintStream realErr = System.err;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    StringWriter errors = new StringWriter();
    try {
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      CommandLine line = CliErrors.commandLine(command);
      line.setErr(new PrintWriter(errors, true));
      int status = line.execute(words);
      return new CommandRun(
          status,
          out.toString(StandardCharsets.UTF_8),
          err.toString(StandardCharsets.UTF_8) + errors);
    } finally {
      System.setOut(realOut);
      System.setErr(realErr);
    }
  }
}
