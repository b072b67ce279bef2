package dev.backstep.proto.codec;

/// The positions of what a chunk holds: each as its distance from the one before, the first from
/// the chunk's first position; none after the chunk's end.
final class PositionColumn {
  private PositionColumn() {}

  static void requireBetween(String fact, long position, long first, long end) {
    if (Long.compareUnsigned(position, first) < 0 || Long.compareUnsigned(position, end) > 0) {
      throw new IllegalArgumentException(
          "%s at position %s, which must lie between %s and %s"
              .formatted(
                  fact,
                  Long.toUnsignedString(position),
                  Long.toUnsignedString(first),
                  Long.toUnsignedString(end)));
    }
  }

  /// Makes positions of distances.
  static void addUp(long[] distances, long first, long end) throws ColumnFormatException {
    long position = first;
    for (int i = 0; i < distances.length; i++) {
      if (Long.compareUnsigned(distances[i], end - position) > 0) {
        throw new ColumnFormatException(
            "has position %s + %s, after the chunk's end at %s"
                .formatted(
                    Long.toUnsignedString(position),
                    Long.toUnsignedString(distances[i]),
                    Long.toUnsignedString(end)));
      }
      position += distances[i];
      distances[i] = position;
    }
  }
}
