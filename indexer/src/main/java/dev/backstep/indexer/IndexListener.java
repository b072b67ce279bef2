package dev.backstep.indexer;

/// Sees how an index comes about.
@FunctionalInterface
public interface IndexListener {
  /// So many chunks of so many stand in the index.
  void indexed(int chunks, int ofChunks);

  /// Another process is writing this index; it is waited for.
  default void waiting() {}

  /// The index cannot be kept in the trace's folder and is made in memory, for this search only.
  ///
  /// @param why one line
  default void inMemory(String why) {}
}
