package dev.backstep.cli.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;

/// Errors as users see them: one line that says what to do; with `--debug` also the stack trace.
public final class CliErrors {
  private static final String DEBUG = "--debug";
  private static final int USAGE = 2;

  /// Kept, so that the level set on it is: loggers nobody holds are collected.
  private static final Logger LUCENE = Logger.getLogger("org.apache.lucene");

  private CliErrors() {}

  /// A picocli command line with the project's conventions.
  public static CommandLine commandLine(Object command) {
    // Advice about JVM options is not for those who search a trace.
    LUCENE.setLevel(Level.SEVERE);
    CommandLine line = new CommandLine(command);
    line.setPosixClusteredShortOptionsAllowed(false);
    // @FILE is a scenario, not a file of more arguments.
    line.setExpandAtFiles(false);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUnmatchedOptionsArePositionalParams(false);
    line.setParameterExceptionHandler(CliErrors::usage);
    line.setExecutionExceptionHandler(
        (e, c, r) -> failed(e, c, r.originalArgs().toArray(new String[0])));
    return line;
  }

  private static int usage(CommandLine.ParameterException e, String[] args) {
    CommandLine line = e.getCommandLine();
    PrintWriter err = line.getErr();
    err.println(
        line.getCommandSpec().qualifiedName()
            + ": "
            + oneLine(String.valueOf(e.getMessage()))
            + " (see "
            + line.getCommandSpec().qualifiedName()
            + " --help)");
    debug(e, err, args);
    return USAGE;
  }

  private static int failed(Exception e, CommandLine line, String[] args) {
    PrintWriter err = line.getErr();
    err.println(line.getCommandSpec().qualifiedName() + ": " + message(e));
    debug(e, err, args);
    return e instanceof CliException cli ? cli.exitStatus() : 1;
  }

  private static void debug(Exception e, PrintWriter err, String[] args) {
    if (Arrays.asList(args).contains(DEBUG)) {
      e.printStackTrace(err);
    }
  }

  private static String message(Exception e) {
    if (e instanceof NoSuchFileException missing) {
      return missing.getFile() + ": no such file";
    }
    if (e instanceof FileAlreadyExistsException exists) {
      return exists.getFile() + ": exists already";
    }
    if (e instanceof IOException || e instanceof CliException || e.getMessage() == null) {
      String text = e.getMessage();
      return oneLine(text == null ? e.toString() : text);
    }
    if (e instanceof RuntimeException) {
      return "internal error: " + oneLine(e.toString()) + " (run again with --debug and report it)";
    }
    return oneLine(e.getMessage());
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }
}
