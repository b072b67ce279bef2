package dev.backstep.indexer.query;

import dev.backstep.indexer.query.ConditionQuery.Joined;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.queryparser.classic.ParseException;
import org.apache.lucene.queryparser.classic.QueryParser;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.Query;
import org.jspecify.annotations.Nullable;

/// Lucene's classic syntax with our facts as leaves, and with AND before OR as everywhere else.
///
/// Lucene itself takes `a OR b AND c` for "b and c, and better with a", which is a way to rank and
/// not one to select.
final class QuerySyntax extends QueryParser {
  private static final String NO_FIELD = "";
  private static final String ANYTHING = "*";
  private static final int MOST_FACTS = 500;
  // Lucene's own constants, which it does not export: QueryParserBase.CONJ_OR and MOD_NOT.
  private static final int JOINED_BY_OR = 2;
  private static final int NEGATED = 10;

  private int facts;
  private boolean namesInstructions;

  QuerySyntax() {
    // Lucene wants an analyzer; whatever would ask it is overridden below.
    super(NO_FIELD, new StandardAnalyzer());
    setAllowLeadingWildcard(true);
    setSplitOnWhitespace(true);
  }

  /// Whether what was parsed names what only instructions have. What is made of it need not: it is
  /// simplified.
  boolean namesInstructions() {
    return namesInstructions;
  }

  /// A field or a number is wrong; the classic parser passes only its own exceptions through.
  static final class FieldProblem extends ParseException {
    private static final long serialVersionUID = 1L;

    FieldProblem(String message) {
      super(message);
    }
  }

  @Override
  protected void addClause(
      List<BooleanClause> clauses, int conjunction, int modifiers, @Nullable Query query) {
    if (query == null) {
      return;
    }
    Condition condition = ConditionQuery.in(query);
    clauses.add(
        new BooleanClause(
            new ConditionQuery(
                modifiers == NEGATED ? Condition.not(condition) : condition,
                conjunction == JOINED_BY_OR ? Joined.BY_OR : Joined.BY_AND),
            Occur.MUST));
  }

  @Override
  protected Query getBooleanQuery(List<BooleanClause> clauses) {
    List<Condition> alternatives = new ArrayList<>();
    List<Condition> together = new ArrayList<>();
    for (BooleanClause clause : clauses) {
      if (clause.query() instanceof ConditionQuery q && q.isAlternative()) {
        alternatives.add(Condition.all(together));
        together.clear();
      }
      together.add(ConditionQuery.in(clause.query()));
    }
    alternatives.add(Condition.all(together));
    return ConditionQuery.of(Condition.any(alternatives));
  }

  @Override
  protected Query getFieldQuery(String field, String text, boolean quoted) throws ParseException {
    return leaf(field, quoted ? FactReader.quoted(text) : FactReader.bare(text));
  }

  @Override
  protected Query getFieldQuery(String field, String text, int slop) throws ParseException {
    return getFieldQuery(field, text, true);
  }

  @Override
  protected Query getRangeQuery(
      String field,
      @Nullable String from,
      @Nullable String to,
      boolean fromIncluded,
      boolean toIncluded)
      throws ParseException {
    FactReader.End low = FactReader.End.of(from, fromIncluded);
    FactReader.End high = FactReader.End.of(to, toIncluded);
    return leaf(field, FactReader.range(low, high));
  }

  @Override
  protected Query getWildcardQuery(String field, String pattern) throws ParseException {
    if (pattern.equals(ANYTHING) && (field.equals(ANYTHING) || field.equals(NO_FIELD))) {
      return ConditionQuery.of(Condition.Constant.EVERYTHING);
    }
    return leaf(field, FactReader.wildcard(pattern));
  }

  @Override
  protected Query getPrefixQuery(String field, String prefix) throws ParseException {
    // The parser took the backslashes out of prefixes, unlike those of other patterns.
    return getWildcardQuery(field, Glob.literal(prefix) + ANYTHING);
  }

  @Override
  protected Query getFuzzyQuery(String field, String text, float similarity) throws ParseException {
    throw new FieldProblem("field " + field + ": values are matched exactly, ~ is not known");
  }

  @Override
  protected Query getRegexpQuery(String field, String text) throws ParseException {
    throw new FieldProblem(
        "field "
            + field
            + ": regular expressions are not known; use * and ?, or quote a value with /");
  }

  private Query leaf(String name, FactReader reader) throws FieldProblem {
    if (++facts > MOST_FACTS) {
      throw new FieldProblem(
          "more than " + MOST_FACTS + " values; ask for ranges or several times");
    }
    if (name.equals(NO_FIELD)) {
      throw new FieldProblem("a value without a field; write field:value, such as kind:cpuid");
    }
    int dot = name.indexOf('.');
    if (dot < 0) {
      return ConditionQuery.of(noted(reader.read(name)));
    }
    String kind = name.substring(0, dot);
    String field = name.substring(dot + 1);
    if (!Fields.has(kind, field)) {
      throw FactReader.unknownField(name);
    }
    Condition ofKind = noted(new Condition.Fact(Fields.KIND, new Wanted.Text(kind)));
    return ConditionQuery.of(Condition.all(List.of(ofKind, reader.read(field))));
  }

  private Condition noted(Condition condition) {
    if (condition instanceof Condition.Fact(String field, Wanted wanted)) {
      namesInstructions |=
          Fields.isOfInstructionsOnly(field)
              || field.equals(Fields.KIND) && wanted.equals(new Wanted.Text(Fields.INSTRUCTION));
    }
    return condition;
  }
}
