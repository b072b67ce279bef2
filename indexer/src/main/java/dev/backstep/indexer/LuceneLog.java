package dev.backstep.indexer;

import java.util.logging.Level;
import java.util.logging.Logger;

/// What Lucene logs, kept off people's terminals: advice on how to start the JVM.
final class LuceneLog {
  // Held, as the logging system forgets loggers, with their levels, that nobody holds.
  private static final Logger LOGGER = Logger.getLogger("org.apache.lucene");

  private LuceneLog() {}

  /// To be called before anything of Lucene is.
  static void silence() {
    LOGGER.setLevel(Level.SEVERE);
  }
}
