package dev.backstep.cli.command;

import dev.backstep.indexer.IndexListener;
import java.util.Locale;

/// Says on standard error how indexing goes: what must be known in a line, how far it has come on a
/// terminal only.
final class IndexProgress implements IndexListener, AutoCloseable {
  private static final long INTERVAL_NS = 500_000_000;
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final String name;
  private final boolean onTerminal = System.console() != null && System.console().isTerminal();
  private long shownNs = System.nanoTime();
  private boolean shown;

  /// @param name of the program and verb, before each message
  IndexProgress(String name) {
    this.name = name;
  }

  @Override
  public void indexed(int chunks, int ofChunks) {
    long now = System.nanoTime();
    if (onTerminal && now - shownNs > INTERVAL_NS) {
      System.err.printf(Locale.ROOT, "%sindexing: chunk %,d of %,d", CLEAR_LINE, chunks, ofChunks);
      shownNs = now;
      shown = true;
    }
  }

  @Override
  public void waiting() {
    System.err.println(name + ": another process is indexing this trace; waiting for it");
  }

  @Override
  public void inMemory(String why) {
    System.err.println(
        name
            + ": the index is kept in memory for this search only, as it cannot be written: "
            + why);
  }

  @Override
  public void close() {
    if (shown) {
      System.err.print(CLEAR_LINE);
    }
  }
}
