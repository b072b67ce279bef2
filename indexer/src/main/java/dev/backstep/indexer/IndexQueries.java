package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition;
import dev.backstep.indexer.query.Condition.All;
import dev.backstep.indexer.query.Condition.Any;
import dev.backstep.indexer.query.Condition.Constant;
import dev.backstep.indexer.query.Condition.Fact;
import dev.backstep.indexer.query.Condition.Not;
import dev.backstep.indexer.query.Fields;
import dev.backstep.indexer.query.Numbers;
import dev.backstep.indexer.query.Wanted;
import java.util.List;
import java.util.function.Function;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.WildcardQuery;

/// Turns conditions into look-ups in the index.
final class IndexQueries {
  private static final Query EVERYTHING = MatchAllDocsQuery.INSTANCE;
  private static final Query NOTHING = MatchNoDocsQuery.INSTANCE;

  private IndexQueries() {}

  /// Exactly the events that match.
  static Query events(Condition condition) {
    return allOf(
        List.of(new TermQuery(new Term(IndexFields.DOC, IndexFields.EVENT)), event(condition)));
  }

  private static Query event(Condition condition) {
    return switch (condition) {
      case Constant constant -> constant == Constant.EVERYTHING ? EVERYTHING : NOTHING;
      case Not(Condition part) ->
          new BooleanQuery.Builder()
              .add(EVERYTHING, Occur.FILTER)
              .add(event(part), Occur.MUST_NOT)
              .build();
      case All(List<Condition> parts) -> allOf(each(parts, IndexQueries::event));
      case Any(List<Condition> parts) -> anyOf(each(parts, IndexQueries::event));
      case Fact(String field, Wanted wanted) ->
          switch (wanted) {
            case Wanted.Range range -> range(IndexFields.numbers(field), range, 0);
            case Wanted.Text _, Wanted.Wildcard _ -> text(IndexFields.texts(field), wanted);
          };
    };
  }

  /// The chunks in which an instruction may match: all that do, and perhaps more.
  static Query chunks(Condition condition) {
    return allOf(
        List.of(new TermQuery(new Term(IndexFields.DOC, IndexFields.CHUNK)), mayHold(condition)));
  }

  private static Query mayHold(Condition condition) {
    return switch (condition) {
      case Constant constant -> constant == Constant.EVERYTHING ? EVERYTHING : NOTHING;
      case Not(Condition part) -> mayHoldOther(part);
      case All(List<Condition> parts) -> allOf(each(parts, IndexQueries::mayHold));
      case Any(List<Condition> parts) -> anyOf(each(parts, IndexQueries::mayHold));
      case Fact fact -> mayHold(fact);
    };
  }

  /// The chunks in which an instruction may not match.
  private static Query mayHoldOther(Condition condition) {
    return switch (condition) {
      case Constant constant -> constant == Constant.EVERYTHING ? NOTHING : EVERYTHING;
      case Not(Condition part) -> mayHold(part);
      case All(List<Condition> parts) -> anyOf(each(parts, IndexQueries::mayHoldOther));
      case Any(List<Condition> parts) -> allOf(each(parts, IndexQueries::mayHoldOther));
      // A chunk that holds an instruction with the fact may hold others as well.
      case Fact(String field, Wanted wanted) ->
          field.equals(Fields.KIND) && wanted.accepts(Fields.INSTRUCTION) ? NOTHING : EVERYTHING;
    };
  }

  private static Query mayHold(Fact fact) {
    Wanted wanted = fact.wanted();
    return switch (fact.field()) {
      case Fields.KIND -> wanted.accepts(Fields.INSTRUCTION) ? EVERYTHING : NOTHING;
      case Fields.MNEMONIC -> text(IndexFields.CHUNK_MNEMONIC, wanted);
      case Fields.BYTES, Fields.TEXT -> EVERYTHING;
      case Fields.POSITION -> positions(wanted);
      case Fields.VCPU -> range(IndexFields.CHUNK_VCPU, wanted, 0);
      case Fields.RIP -> range(IndexFields.CHUNK_RIP_PAGE, wanted, IndexFields.PAGE_SHIFT);
      case Fields.GPA -> range(IndexFields.CHUNK_GPA_PAGE, wanted, IndexFields.PAGE_SHIFT);
      default -> NOTHING;
    };
  }

  private static Query positions(Wanted wanted) {
    if (!(wanted instanceof Wanted.Range(long low, long high))) {
      return NOTHING;
    }
    Query begunBefore =
        LongPoint.newRangeQuery(IndexFields.FIRST_POSITION, Long.MIN_VALUE, Numbers.toPoint(high));
    Query endedAfter =
        LongPoint.newRangeQuery(IndexFields.END_POSITION, Numbers.toPoint(low), Long.MAX_VALUE);
    return allOf(List.of(begunBefore, endedAfter));
  }

  private static Query text(String field, Wanted wanted) {
    return switch (wanted) {
      case Wanted.Range _ -> NOTHING;
      case Wanted.Text(String text) -> new TermQuery(new Term(field, text));
      case Wanted.Wildcard(String pattern) -> new WildcardQuery(new Term(field, pattern));
    };
  }

  /// @param shift how many low bits the indexed numbers lack
  private static Query range(String field, Wanted wanted, int shift) {
    return wanted instanceof Wanted.Range(long low, long high)
            && Long.compareUnsigned(low, high) <= 0
        ? LongPoint.newRangeQuery(
            field, Numbers.toPoint(low >>> shift), Numbers.toPoint(high >>> shift))
        : NOTHING;
  }

  private static List<Query> each(List<Condition> parts, Function<Condition, Query> query) {
    return parts.stream().map(query).toList();
  }

  private static Query allOf(List<Query> queries) {
    BooleanQuery.Builder all = new BooleanQuery.Builder();
    queries.forEach(query -> all.add(query, Occur.FILTER));
    return all.build();
  }

  private static Query anyOf(List<Query> queries) {
    BooleanQuery.Builder any = new BooleanQuery.Builder();
    queries.forEach(query -> any.add(query, Occur.SHOULD));
    return any.build();
  }
}
