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
      Optional<TraceFormatException> damage = added.damage();
      if (added.chunks() == 0 && damage.isEmpty()) {
        System.err.println(NAME + ": nothing to add, the index is complete");
      } else {
        System.err.printf(
            "%s: added %d chunks with %d events%n", NAME, added.chunks(), added.events());
      }
      damage.ifPresent(
          d -> System.err.println(NAME + ": indexed up to where it is damaged: " + d.getMessage()));
      return damage.isPresent() || reader.damage().isPresent() ? 1 : 0;
    }
  }
}
