package dev.backstep.indexer;

import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Event;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Events, read from the journal as the index names them.
final class EventHits implements HitStream {
  private final TraceReader reader;
  private final DocWalk documents;
  private final DamageNote damage;
  private int chunk = -1;
  private List<Event> events = List.of();

  EventHits(TraceReader reader, DocWalk documents, DamageNote damage) {
    this.reader = reader;
    this.documents = documents;
    this.damage = damage;
  }

  @Override
  public @Nullable Hit next() throws IOException {
    if (!documents.next()) {
      return null;
    }
    int of = documents.chunk(reader.chunkCount());
    if (damage.covers(of)) {
      return null;
    }
    if (of != chunk) {
      try {
        events = reader.chunk(of).events();
      } catch (TraceFormatException e) {
        damage.add(of, e);
        return null;
      }
      chunk = of;
    }
    return new Hit.OfEvent(events.get(documents.ordinal(events.size())));
  }
}
