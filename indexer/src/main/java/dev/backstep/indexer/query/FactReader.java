package dev.backstep.indexer.query;

import dev.backstep.indexer.query.Condition.Fact;
import dev.backstep.indexer.query.QuerySyntax.FieldProblem;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Pattern;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.WildcardQuery;
import org.apache.lucene.util.automaton.Operations;
import org.apache.lucene.util.automaton.TooComplexToDeterminizeException;
import org.jspecify.annotations.Nullable;

/// Reads the value beside a field's name as what that field can hold.
@FunctionalInterface
interface FactReader {
  /// The longest pattern; Lucene makes an automaton of each.
  int LONGEST_PATTERN = 256;

  Pattern HEX_DIGITS = Pattern.compile("([0-9a-fA-F]{2})+");
  Pattern COMPARISON = Pattern.compile("([<>]=?)(.*)", Pattern.DOTALL);

  /// The largest number there is, unsigned.
  long LARGEST = -1;

  Condition read(String field) throws FieldProblem;

  /// An end of a range.
  ///
  /// @param text null if open
  record End(@Nullable String text, boolean included) {
    static End of(@Nullable String text, boolean included) {
      return new End("*".equals(text) ? null : text, included);
    }

    static End open() {
      return new End(null, true);
    }
  }

  /// `field:text`
  static FactReader bare(String text) {
    return field ->
        switch (typeOf(field)) {
          case NUMBER -> number(field, text);
          case TEXT -> text(field, text);
          case FLAG -> flag(field, text);
          case BOTH ->
              COMPARISON.matcher(text).matches()
                  ? number(field, text)
                  : Numbers.parse(text).isPresent()
                      ? Condition.any(List.of(number(field, text), text(field, text)))
                      : text(field, text);
        };
  }

  /// `field:"text"`
  static FactReader quoted(String text) {
    return field ->
        switch (typeOf(field)) {
          case NUMBER -> number(field, text);
          case TEXT, BOTH -> text(field, text);
          case FLAG -> flag(field, text);
        };
  }

  /// `field:[low TO high]`, `field:{low TO high}`
  static FactReader range(End low, End high) {
    return field -> {
      if (typeOf(field) == FieldType.TEXT || typeOf(field) == FieldType.FLAG) {
        throw new FieldProblem("field " + field + " holds text, which has no ranges");
      }
      String lowText = low.text;
      String highText = high.text;
      long from = lowText == null ? 0 : numberOf(field, lowText);
      long to = highText == null ? LARGEST : numberOf(field, highText);
      boolean excludesFrom = lowText != null && !low.included;
      boolean excludesTo = highText != null && !high.included;
      if (excludesFrom && from == LARGEST || excludesTo && to == 0) {
        return Condition.Constant.NOTHING;
      }
      return new Fact(
          field, new Wanted.Range(excludesFrom ? from + 1 : from, excludesTo ? to - 1 : to));
    };
  }

  /// `field:te*t`
  static FactReader wildcard(String pattern) {
    return field -> {
      FieldType type = typeOf(field);
      boolean exists = pattern.equals("*");
      Fact anyNumber = new Fact(field, new Wanted.Range(0, LARGEST));
      if (type == FieldType.NUMBER) {
        if (!exists) {
          throw new FieldProblem(
              "field "
                  + field
                  + " holds numbers: "
                  + brief(pattern)
                  + " is none; give a number or a range such as [0x1000 TO 0x1fff]");
        }
        return anyNumber;
      }
      requireSimple(field, pattern);
      Fact text = new Fact(field, new Wanted.Wildcard(pattern));
      return type == FieldType.BOTH && exists ? Condition.any(List.of(anyNumber, text)) : text;
    };
  }

  private static void requireSimple(String field, String pattern) throws FieldProblem {
    try {
      if (pattern.length() <= LONGEST_PATTERN) {
        var _ =
            WildcardQuery.toAutomaton(
                new Term(field, pattern), Operations.DEFAULT_DETERMINIZE_WORK_LIMIT);
        return;
      }
    } catch (TooComplexToDeterminizeException e) {
      throw tooComplex(field, pattern);
    }
    throw tooComplex(field, pattern);
  }

  private static FieldProblem tooComplex(String field, String pattern) {
    return new FieldProblem(
        "field "
            + field
            + ": the pattern "
            + brief(pattern)
            + " is too complex; use fewer * and ?");
  }

  private static Condition number(String field, String text) throws FieldProblem {
    var comparison = COMPARISON.matcher(text);
    if (!comparison.matches()) {
      long value = numberOf(field, text);
      return new Fact(field, new Wanted.Range(value, value));
    }
    String operator = comparison.group(1);
    End end = new End(comparison.group(2), operator.length() == 2);
    return (operator.startsWith(">") ? range(end, End.open()) : range(End.open(), end)).read(field);
  }

  private static Condition text(String field, String text) throws FieldProblem {
    if (field.equals(Fields.KIND) && !Fields.kinds().contains(text.toLowerCase(Locale.ROOT))) {
      throw new FieldProblem(
          "field kind: unknown kind "
              + brief(text)
              + "; kinds are "
              + String.join(" ", Fields.kinds()));
    }
    if (!field.equals(Fields.BYTES)) {
      return new Fact(field, new Wanted.Text(text));
    }
    String digits = text.replace(" ", "");
    if (!HEX_DIGITS.matcher(digits).matches()) {
      throw new FieldProblem(
          "field bytes: " + brief(text) + " is not pairs of hexadecimal digits such as 0fa2");
    }
    return new Fact(field, new Wanted.Text(digits));
  }

  private static Condition flag(String field, String text) throws FieldProblem {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> new Fact(field, new Wanted.Text("true"));
      case "false", "0" -> new Fact(field, new Wanted.Text("false"));
      default ->
          throw new FieldProblem("field " + field + " holds true or false, not " + brief(text));
    };
  }

  private static FieldType typeOf(String field) throws FieldProblem {
    return Fields.type(field).orElseThrow(() -> unknownField(field));
  }

  static FieldProblem unknownField(String field) {
    return new FieldProblem(
        "unknown field " + brief(field) + "; fields are " + String.join(" ", Fields.names()));
  }

  private static long numberOf(String field, String text) throws FieldProblem {
    OptionalLong number = Numbers.parse(text);
    return number.orElseThrow(
        () ->
            new FieldProblem(
                "field "
                    + field
                    + " holds numbers: "
                    + brief(text)
                    + " is none (decimal, or hexadecimal with 0x, up to 64 bits)"));
  }

  private static String brief(String text) {
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }
}
