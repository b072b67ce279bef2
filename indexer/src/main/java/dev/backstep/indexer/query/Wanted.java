package dev.backstep.indexer.query;

import java.util.Locale;

/// What a query asks of the value of a field.
public sealed interface Wanted {
  /// A number in an unsigned range, both ends included. Holds no number if `low` is above `high`.
  record Range(long low, long high) implements Wanted {}

  /// A text, exactly but for the case of its letters.
  ///
  /// @param text in lower case
  record Text(String text) implements Wanted {
    public Text {
      text = text.toLowerCase(Locale.ROOT);
    }
  }

  /// A text with `*` for any characters and `?` for one; a backslash takes the next one as it is.
  ///
  /// @param pattern in lower case
  record Wildcard(String pattern) implements Wanted {
    public Wildcard {
      pattern = pattern.toLowerCase(Locale.ROOT);
    }
  }

  /// Whether a field that holds a number is what is wanted.
  default boolean accepts(long unsigned) {
    return this instanceof Range(long low, long high)
        && Long.compareUnsigned(unsigned, low) >= 0
        && Long.compareUnsigned(unsigned, high) <= 0;
  }

  /// Whether a field that holds a text is what is wanted.
  default boolean accepts(String text) {
    return switch (this) {
      case Range _ -> false;
      case Text(String wanted) -> text.toLowerCase(Locale.ROOT).equals(wanted);
      case Wildcard(String pattern) -> Glob.matches(pattern, text.toLowerCase(Locale.ROOT));
    };
  }
}
