package dev.backstep.indexer;

/// Names of the fields of index documents.
final class IndexFields {
  /// Sort of a document: [#EVENT] or [#CHUNK].
  static final String DOC = "_doc";

  static final String EVENT = "event";
  static final String CHUNK = "chunk";

  /// Chunk that an event stands in, or that a chunk document is about.
  static final String CHUNK_NUMBER = "_chunk";

  /// Index of an event among those of its chunk.
  static final String ORDINAL = "_ordinal";

  /// First position of a chunk, and its end.
  static final String FIRST_POSITION = "_first";

  static final String END_POSITION = "_end";

  /// Facts of the instructions in a chunk.
  static final String CHUNK_MNEMONIC = "_mnemonic";

  static final String CHUNK_RIP_PAGE = "_rip_page";
  static final String CHUNK_GPA_PAGE = "_gpa_page";
  static final String CHUNK_VCPU = "_vcpu";

  static final int PAGE_SHIFT = 12;

  private IndexFields() {}

  /// The name under which an event field's numbers stand. Some fields hold texts in other kinds.
  static String numbers(String field) {
    return field + "#n";
  }

  /// The name under which an event field's texts stand, in lower case.
  static String texts(String field) {
    return field + "#t";
  }
}
