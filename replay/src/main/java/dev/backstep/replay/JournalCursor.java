package dev.backstep.replay;

import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Walks one kind of fact (events, inputs, new blocks) through all chunks of a trace, in order.
///
/// @param <T> the facts
final class JournalCursor<T> {
  /// Takes the facts out of a chunk.
  interface Extract<T> {
    List<T> from(DecodedChunk chunk) throws IOException;
  }

  private final TraceReader reader;
  private final Extract<T> extract;
  private List<T> facts = List.of();
  private int next;
  private int nextChunk;
  private long taken;

  JournalCursor(TraceReader reader, Extract<T> extract) {
    this.reader = reader;
    this.extract = extract;
  }

  /// The next fact, or null when there is none left.
  @Nullable T peek() throws IOException {
    while (next == facts.size()) {
      if (nextChunk == reader.chunkCount()) {
        return null;
      }
      facts = extract.from(reader.chunk(nextChunk++));
      next = 0;
    }
    return facts.get(next);
  }

  /// Passes the fact last peeked at.
  void take() {
    next++;
    taken++;
  }

  /// How many facts were taken.
  long taken() {
    return taken;
  }
}
