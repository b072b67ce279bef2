package dev.backstep.cli.command;

import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Parameters;

/// The trace that a verb works on.
public final class TraceArgument {
  @Parameters(index = "0", paramLabel = "TRACE", description = "folder of the trace")
  private @Nullable Path trace;

  /// Opens the trace and says on standard error if it is not whole.
  public TraceReader open() throws IOException {
    TraceReader reader = openQuietly();
    if (!reader.isComplete()) {
      System.err.println("backstep: " + folder() + " is " + reader.state());
    }
    return reader;
  }

  /// Opens the trace, whole or not.
  public TraceReader openQuietly() throws IOException {
    if (!Files.isDirectory(folder())) {
      throw CliException.failure(folder() + ": no such trace folder");
    }
    return TraceReader.open(folder());
  }

  public Path folder() {
    if (trace == null) {
      throw CliException.usage("TRACE is missing");
    }
    return trace;
  }
}
