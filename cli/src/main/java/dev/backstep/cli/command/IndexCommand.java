package dev.backstep.cli.command;

import dev.backstep.indexer.TraceIndexer;
import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceReader;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `backstep index`: builds or completes the index that searches use.
@Command(
    name = "index",
    description = {
      "Builds or completes the index of a trace, and says on standard error what it added.",
      "Searches do it themselves where it is missing. It can be removed at any time: it is the"
          + " folder index in the trace."
    },
    mixinStandardHelpOptions = true)
public final class IndexCommand implements Callable<Integer> {
  private static final String NAME = "backstep index";

  @Mixin private TraceArgument trace = new TraceArgument();
  @Mixin private DebugOption debug = new DebugOption();

  @Override
  public Integer call() throws Exception {
    try (TraceReader reader = trace.open()) {
      TraceIndexer.Added added;
      try (IndexProgress progress = new IndexProgress(NAME)) {
        added = TraceIndexer.bring(reader, progress);
      }
      System.err.println(
          added.chunks() == 0
              ? NAME + ": nothing to add, " + reader.chunkCount() + " chunks in the trace"
              : "%s: added %d chunks with %d events"
                  .formatted(NAME, added.chunks(), added.events()));
      Optional<TraceFormatException> damage = added.damage();
      damage.ifPresent(d -> System.err.println(NAME + ": damaged: " + d.getMessage()));
      return damage.isPresent() || reader.damage().isPresent() ? 1 : 0;
    }
  }
}
