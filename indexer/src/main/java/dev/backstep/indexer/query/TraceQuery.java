package dev.backstep.indexer.query;

import java.util.List;

/// A parsed query.
public record TraceQuery(Condition condition) {
  /// Whether the query means executed instructions as well as events: it names `kind:instruction`,
  /// a mnemonic or bytes, anywhere. Without that only events are searched.
  public boolean asksForInstructions() {
    return namesInstructions(condition);
  }

  private static boolean namesInstructions(Condition c) {
    return switch (c) {
      case Condition.Constant _ -> false;
      case Condition.Not(Condition part) -> namesInstructions(part);
      case Condition.All(List<Condition> parts) ->
          parts.stream().anyMatch(TraceQuery::namesInstructions);
      case Condition.Any(List<Condition> parts) ->
          parts.stream().anyMatch(TraceQuery::namesInstructions);
      case Condition.Fact(String field, Wanted wanted) ->
          Fields.isOfInstructionsOnly(field)
              || field.equals(Fields.KIND) && wanted.equals(new Wanted.Text(Fields.INSTRUCTION));
    };
  }

  /// The kinds that something found can be of, in the order of the schema.
  public List<String> possibleKinds() {
    boolean instructions = asksForInstructions();
    return Fields.kinds().stream()
        .filter(kind -> instructions || !kind.equals(Fields.INSTRUCTION))
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
