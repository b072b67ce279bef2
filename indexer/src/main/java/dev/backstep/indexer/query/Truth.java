package dev.backstep.indexer.query;

/// What is known of a condition before everything is known of what it is asked about.
public enum Truth {
  NO,
  MAYBE,
  YES;

  public static Truth of(boolean known) {
    return known ? YES : NO;
  }

  Truth and(Truth other) {
    return compareTo(other) <= 0 ? this : other;
  }

  Truth or(Truth other) {
    return compareTo(other) >= 0 ? this : other;
  }

  Truth not() {
    return switch (this) {
      case NO -> YES;
      case MAYBE -> MAYBE;
      case YES -> NO;
    };
  }
}
