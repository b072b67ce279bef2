package dev.backstep.indexer.query;

import dev.backstep.indexer.query.QuerySyntax.FieldProblem;
import java.util.Locale;
import org.apache.lucene.queryparser.classic.ParseException;
import org.apache.lucene.queryparser.classic.Token;
import org.apache.lucene.queryparser.classic.TokenMgrError;
import org.jspecify.annotations.Nullable;

/// Reads queries.
public final class TraceQueryParser {
  private static final int MOST_CHARACTERS = 1 << 16;
  // What nests deeper could exhaust the parser's stack.
  private static final int DEEPEST_NESTING = 100;

  private TraceQueryParser() {}

  /// Parses a query.
  ///
  /// @throws QueryException if it is no query, or names no known field, or a number is none
  public static TraceQuery parse(String text) throws QueryException {
    if (text.isBlank()) {
      throw new QueryException("the query is empty; try kind:cpuid AND leaf:7");
    }
    if (text.length() > MOST_CHARACTERS) {
      throw new QueryException("the query is longer than " + MOST_CHARACTERS + " characters");
    }
    checkNesting(text);
    try {
      QuerySyntax syntax = new QuerySyntax();
      Condition condition = ConditionQuery.in(syntax.parse(text));
      return new TraceQuery(condition, syntax.namesInstructions());
    } catch (ParseException e) {
      throw new QueryException(reason(e));
    }
  }

  /// Checks a name that stands by itself, as a field to count by.
  ///
  /// @throws QueryException if there is no such field
  public static void requireField(String name) throws QueryException {
    if (Fields.type(name).isEmpty()) {
      throw new QueryException(firstLine(FactReader.unknownField(name).getMessage()));
    }
  }

  private static void checkNesting(String text) throws QueryException {
    int depth = 0;
    for (int k = 0; k < text.length(); k++) {
      char ch = text.charAt(k);
      depth += ch == '(' ? 1 : ch == ')' ? -1 : 0;
      if (depth > DEEPEST_NESTING) {
        throw new QueryException("the query nests more than " + DEEPEST_NESTING + " parentheses");
      }
    }
  }

  /// One line for people, of what the parser wraps in many.
  private static String reason(ParseException e) {
    return switch (e.getCause()) {
      case FieldProblem problem -> firstLine(problem.getMessage());
      case TokenMgrError _ ->
          "the query is not understood: a quote, a bracket or a / is opened and not closed";
      case ParseException inner when inner.currentToken != null ->
          "the query is not understood: " + unexpected(inner.currentToken.next);
      case null -> "the query is not understood: " + firstLine(e.getMessage());
      case Throwable other -> "the query is not understood: " + firstLine(other.getMessage());
    };
  }

  private static String unexpected(@Nullable Token token) {
    if (token == null || token.image.isEmpty()) {
      return "it ends too early";
    }
    return String.format(
        Locale.ROOT,
        "unexpected %s at column %d; quote values with spaces or any of : ( ) [ ] { } / ! ^ ~",
        token.image.strip(),
        token.beginColumn + 1);
  }

  private static String firstLine(@Nullable String message) {
    return message == null
        ? "bad syntax"
        : message.lines().findFirst().orElse("bad syntax").strip();
  }
}
