package dev.backstep.indexer.query;

/// What is known of an event, an instruction, or a stretch of a run.
@FunctionalInterface
public interface Facts {
  /// Whether `fact` is one of these.
  Truth truth(Condition.Fact fact);
}
