package dev.backstep.indexer.query;

import java.util.OptionalLong;

/// Numbers of queries: decimal or hexadecimal, unsigned, 64 bits.
public final class Numbers {
  private Numbers() {}

  /// Reads `123` or `0x7b`; empty if the text is neither.
  public static OptionalLong parse(String text) {
    try {
      if (text.startsWith("0x") || text.startsWith("0X")) {
        return OptionalLong.of(Long.parseUnsignedLong(text.substring(2), 16));
      }
      return OptionalLong.of(Long.parseUnsignedLong(text));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  /// An unsigned number as Lucene's signed points keep it: the order is the same.
  public static long toPoint(long unsigned) {
    return unsigned ^ Long.MIN_VALUE;
  }
}
