package dev.backstep.replay;

import dev.backstep.proto.journal.DecodedChunk;
import java.io.IOException;
import java.io.UncheckedIOException;
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

  private final RecentChunks chunks;
  private final Extract<T> extract;
  private List<T> facts = List.of();
  private int next;
  private int nextChunk;
  private long taken;

  JournalCursor(RecentChunks chunks, Extract<T> extract) {
    this.chunks = chunks;
    this.extract = extract;
  }

  /// The next fact, or null when there is none left. Called where the machine calls back, so that a
  /// journal that cannot be read is an UncheckedIOException.
  @Nullable T peek() {
    while (next == facts.size()) {
      if (nextChunk == chunks.count()) {
        return null;
      }
      facts = nextFacts();
      next = 0;
    }
    return facts.get(next);
  }

  private List<T> nextFacts() {
    try {
      return extract.from(chunks.chunk(nextChunk++));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
