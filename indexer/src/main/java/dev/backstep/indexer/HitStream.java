package dev.backstep.indexer;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Hits in the order of their positions, found as they are asked for.
interface HitStream {
  /// The next hit, or null when there is none left.
  @Nullable Hit next() throws IOException;
}
