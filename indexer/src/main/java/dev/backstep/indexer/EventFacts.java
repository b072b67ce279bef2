package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition.Fact;
import dev.backstep.indexer.query.Facts;
import dev.backstep.indexer.query.Truth;
import dev.backstep.indexer.query.Wanted;
import dev.backstep.proto.v1.Event;
import java.util.List;

/// What is known of one event: what its document in the index would hold.
record EventFacts(List<HitField> fields) implements Facts {
  EventFacts(Event event) {
    this(EventFields.of(event));
  }

  @Override
  public Truth truth(Fact fact) {
    return Truth.of(
        fields.stream()
            .anyMatch(
                field ->
                    field.name().equals(fact.field()) && accepts(fact.wanted(), field.value())));
  }

  private static boolean accepts(Wanted wanted, FieldValue value) {
    return switch (value) {
      case FieldValue.Numeric(long unsigned, boolean _) -> wanted.accepts(unsigned);
      case FieldValue.Text(String text) -> wanted.accepts(EventDocument.indexed(text));
      case FieldValue.Flag(boolean set) -> wanted.accepts(Boolean.toString(set));
      case FieldValue.Bytes bytes -> wanted.accepts(EventDocument.indexed(bytes.lossless()));
      case FieldValue.Several(List<FieldValue> values) ->
          values.stream().anyMatch(one -> accepts(wanted, one));
    };
  }
}
