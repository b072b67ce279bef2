package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition;
import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQuery;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.indexer.query.Truth;
import dev.backstep.proto.journal.EventKinds;
import dev.backstep.proto.v1.Event;
import java.util.Set;
import java.util.function.Predicate;

/// A query that is asked of one event after the other while they happen, instead of an index: it
/// holds for exactly those that a search finds.
public final class EventCondition implements Predicate<Event> {
  private final Condition condition;

  /// Kinds of which an event may match: most events of a run are of others.
  private final Set<String> kinds;

  private EventCondition(Condition condition, Set<String> kinds) {
    this.condition = condition;
    this.kinds = kinds;
  }

  /// Compiles a query.
  ///
  /// @throws QueryException if it is none, is about instructions, or no event can ever match it
  public static EventCondition compile(String text) throws QueryException {
    TraceQuery query = TraceQueryParser.parse(text);
    if (query.asksForInstructions()) {
      throw new QueryException(
          "the condition asks for instructions (kind:instruction, mnemonic or bytes), which no"
              + " event tells of; ask for an event, such as kind:cr AND reg:CR3");
    }
    Set<String> kinds = Set.copyOf(query.possibleKinds());
    if (kinds.isEmpty()) {
      throw new QueryException("no event can ever meet the condition: no kind has all its fields");
    }
    return new EventCondition(query.condition(), kinds);
  }

  @Override
  public boolean test(Event event) {
    return kinds.contains(EventKinds.nameOf(event))
        && condition.truth(new EventFacts(event)) == Truth.YES;
  }
}
