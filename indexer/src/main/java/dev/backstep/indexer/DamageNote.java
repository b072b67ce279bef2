package dev.backstep.indexer;

import dev.backstep.proto.journal.TraceFormatException;
import java.util.Optional;

/// Where the journal turned out to be damaged. Nothing is searched from there on.
final class DamageNote {
  private int chunk = Integer.MAX_VALUE;
  private Optional<TraceFormatException> first = Optional.empty();

  void add(int damagedChunk, TraceFormatException damage) {
    if (damagedChunk < chunk) {
      chunk = damagedChunk;
      first = Optional.of(damage);
    }
  }

  /// Whether a chunk stands at the damage or behind.
  boolean covers(int ofChunk) {
    return ofChunk >= chunk;
  }

  Optional<TraceFormatException> first() {
    return first;
  }
}
