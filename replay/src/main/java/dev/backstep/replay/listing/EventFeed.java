package dev.backstep.replay.listing;

import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Event;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/// Hands out the events of a trace in order, from a position on, as a listing comes to them.
public final class EventFeed {
  private final TraceReader reader;
  private List<Event> events = List.of();
  private int next;
  private int nextChunk;
  private final long first;

  /// @param first events before this position are left out
  public EventFeed(TraceReader reader, long first) {
    this.reader = reader;
    this.first = first;
    this.nextChunk =
        Long.compareUnsigned(first, reader.endPosition()) < 0 ? reader.chunkAt(first) : lastChunk();
  }

  private int lastChunk() {
    return Math.max(0, reader.chunkCount() - 1);
  }

  /// Hands out what was not handed out yet, up to and including `position`.
  public void upTo(long position, Consumer<Event> consumer) throws IOException {
    while (true) {
      if (next == events.size()) {
        if (nextChunk == reader.chunkCount()
            || Long.compareUnsigned(reader.firstPosition(nextChunk), position) > 0) {
          return;
        }
        events = reader.chunk(nextChunk++).events();
        next = 0;
        continue;
      }
      Event event = events.get(next);
      if (Long.compareUnsigned(event.getPosition(), position) > 0) {
        return;
      }
      next++;
      if (Long.compareUnsigned(event.getPosition(), first) >= 0) {
        consumer.accept(event);
      }
    }
  }
}
