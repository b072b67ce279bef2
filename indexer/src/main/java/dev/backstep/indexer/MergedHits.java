package dev.backstep.indexer;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Two streams as one; at one position the events come first.
final class MergedHits implements HitStream {
  private final HitStream events;
  private final HitStream instructions;
  private @Nullable Hit event;
  private @Nullable Hit instruction;

  MergedHits(HitStream events, HitStream instructions) throws IOException {
    this.events = events;
    this.instructions = instructions;
    event = events.next();
    instruction = instructions.next();
  }

  @Override
  public @Nullable Hit next() throws IOException {
    Hit e = event;
    Hit i = instruction;
    if (e != null && (i == null || Long.compareUnsigned(e.position(), i.position()) <= 0)) {
      event = events.next();
      return e;
    }
    if (i != null) {
      instruction = instructions.next();
    }
    return i;
  }
}
