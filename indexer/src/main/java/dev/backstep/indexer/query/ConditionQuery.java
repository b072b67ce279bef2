package dev.backstep.indexer.query;

import java.util.Objects;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.QueryVisitor;
import org.jspecify.annotations.Nullable;

/// Carries a [Condition] through Lucene's parser, which knows only queries of its own.
final class ConditionQuery extends Query {
  /// How a clause is joined to the one before.
  enum Joined {
    BY_AND,
    BY_OR
  }

  private final Condition condition;
  private final Joined joined;

  ConditionQuery(Condition condition, Joined joined) {
    this.condition = condition;
    this.joined = joined;
  }

  static ConditionQuery of(Condition condition) {
    return new ConditionQuery(condition, Joined.BY_AND);
  }

  /// The condition in what the parser made. Weights (`^2`) mean nothing where all that matches is
  /// shown.
  static Condition in(Query query) {
    return switch (query) {
      case ConditionQuery carrier -> carrier.condition;
      case BoostQuery boosted -> in(boosted.getQuery());
      default -> throw new AssertionError("the parser made " + query.getClass());
    };
  }

  boolean isAlternative() {
    return joined == Joined.BY_OR;
  }

  @Override
  public String toString(@Nullable String defaultField) {
    return joined + " " + condition;
  }

  @Override
  public void visit(QueryVisitor visitor) {
    visitor.visitLeaf(this);
  }

  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof ConditionQuery q && q.condition.equals(condition) && q.joined == joined;
  }

  @Override
  public int hashCode() {
    return Objects.hash(condition, joined);
  }
}
