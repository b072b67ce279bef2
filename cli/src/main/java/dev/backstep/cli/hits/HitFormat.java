package dev.backstep.cli.hits;

/// The forms in which results are printed.
public enum HitFormat {
  /// Lines for people.
  TABLE,
  /// One JSON object a line.
  JSONL,
  /// Comma-separated values, RFC 4180.
  CSV
}
