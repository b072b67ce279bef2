package dev.backstep.indexer.query;

import java.util.List;

/// A parsed query.
///
/// @param condition what it asks
/// @param asksForInstructions whether it means executed instructions as well as events: it names
///   `kind:instruction`, a mnemonic or bytes, anywhere. Without that only events are searched.
public record TraceQuery(Condition condition, boolean asksForInstructions) {
  /// The kinds that something found can be of, in the order of the schema.
  public List<String> possibleKinds() {
    return Fields.kinds().stream()
        .filter(kind -> asksForInstructions || !kind.equals(Fields.INSTRUCTION))
        .filter(kind -> condition.truth(factsOf(kind)) != Truth.NO)
        .toList();
  }

  /// The fields that something found can have, in the order in which results print them.
  public List<String> possibleFields() {
    return possibleKinds().stream().flatMap(kind -> Fields.of(kind).stream()).distinct().toList();
  }

  private static Facts factsOf(String kind) {
    return fact -> {
      if (fact.field().equals(Fields.KIND)) {
        return Truth.of(fact.wanted().accepts(kind));
      }
      return Fields.has(kind, fact.field()) ? Truth.MAYBE : Truth.NO;
    };
  }
}
