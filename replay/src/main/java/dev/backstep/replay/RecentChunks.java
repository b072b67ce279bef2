package dev.backstep.replay;

import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The chunks of a trace, the last two of which are kept: events run ahead of the instructions that
/// brought them by a chunk at most, so that each chunk is read once.
final class RecentChunks {
  private final TraceReader reader;
  private @Nullable DecodedChunk even;
  private @Nullable DecodedChunk odd;

  RecentChunks(TraceReader reader) {
    this.reader = reader;
  }

  int count() {
    return reader.chunkCount();
  }

  /// The position after the last chunk.
  long endPosition() {
    return reader.endPosition();
  }

  DecodedChunk chunk(int number) throws IOException {
    DecodedChunk kept = (number & 1) == 0 ? even : odd;
    if (kept != null && kept.number() == number) {
      return kept;
    }
    DecodedChunk read = reader.chunk(number);
    if ((number & 1) == 0) {
      even = read;
    } else {
      odd = read;
    }
    return read;
  }
}
