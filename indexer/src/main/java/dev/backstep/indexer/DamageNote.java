package dev.backstep.indexer;

import dev.backstep.proto.journal.TraceFormatException;
import java.util.Optional;

/// Where the journal turned out to be damaged.
final class DamageNote {
  private Optional<TraceFormatException> first = Optional.empty();

  void add(TraceFormatException damage) {
    if (first.isEmpty()) {
      first = Optional.of(damage);
    }
  }

  Optional<TraceFormatException> first() {
    return first;
  }
}
