package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition.Fact;
import dev.backstep.indexer.query.Facts;
import dev.backstep.indexer.query.Fields;
import dev.backstep.indexer.query.Truth;
import dev.backstep.indexer.query.Wanted;

/// What is known of the instructions at the positions from `first` to `last`.
record StretchFacts(long first, long last) implements Facts {
  @Override
  public Truth truth(Fact fact) {
    if (!fact.field().equals(Fields.POSITION)) {
      return Truth.MAYBE;
    }
    if (!(fact.wanted() instanceof Wanted.Range(long low, long high))
        || Long.compareUnsigned(low, high) > 0
        || Long.compareUnsigned(last, low) < 0
        || Long.compareUnsigned(first, high) > 0) {
      return Truth.NO;
    }
    boolean covers = Long.compareUnsigned(low, first) <= 0 && Long.compareUnsigned(last, high) <= 0;
    return covers ? Truth.YES : Truth.MAYBE;
  }
}
