package dev.backstep.indexer.query;

/// What a field can hold.
public enum FieldType {
  /// An unsigned number.
  NUMBER,
  /// A text.
  TEXT,
  /// `true` or `false`.
  FLAG,
  /// A number in one kind of event and a text in another (`reason`).
  BOTH
}
