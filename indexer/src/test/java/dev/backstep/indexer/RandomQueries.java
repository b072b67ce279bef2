package dev.backstep.indexer;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/// Random queries as text, each with what it means: by regular expressions and loops, not by
/// anything of the product.
final class RandomQueries {
  /// A query and its meaning.
  ///
  /// @param instructions whether it names instructions, so that these are searched
  record Query(String text, Predicate<Row> matches, boolean instructions) {}

  private static final List<String> TEXTS =
      List.of(
          "kind:cpuid",
          "kind:msr",
          "kind:instruction",
          "kind:i*",
          "kind:*",
          "kind:console",
          "mnemonic:cpuid",
          "mnemonic:wrmsr",
          "mnemonic:MOV",
          "mnemonic:*msr",
          "mnemonic:no?",
          "mnemonic:jmp",
          "bytes:0fa2",
          "bytes:0f*",
          "effective:WB",
          "effective:u*",
          "pat:UC-",
          "name:IA32_EFER",
          "name:EXIT_?",
          "op:write",
          "fault:true",
          "source:lapic-timer",
          "to:long",
          "from:real",
          "text:a\\*b\\?c",
          "text:*in:*",
          "text:gr?n*",
          "rule:*",
          "device:com1");
  private static final List<String> NUMBERS =
      List.of(
          "vcpu",
          "position",
          "rip",
          "gpa",
          "leaf",
          "eax",
          "value",
          "vector",
          "cr2",
          "targets",
          "from",
          "reason",
          "time_ns",
          "msr");

  private final Random random;
  private final List<Row> rows;

  RandomQueries(Random random, List<Row> rows) {
    this.random = random;
    this.rows = rows;
  }

  Query next() {
    return next(random.nextInt(4));
  }

  private Query next(int depth) {
    if (depth == 0 && random.nextInt(20) == 0) {
      return new Query("*:*", row -> true, false);
    }
    if (depth == 0) {
      return random.nextBoolean()
          ? text(TEXTS.get(random.nextInt(TEXTS.size())))
          : number(NUMBERS.get(random.nextInt(NUMBERS.size())));
    }
    return switch (random.nextInt(4)) {
      case 0 -> not(next(depth - 1));
      case 1 -> mixed(depth);
      default -> joined(depth);
    };
  }

  private Query not(Query part) {
    String sign = List.of("NOT ", "!", "-").get(random.nextInt(3));
    return new Query(sign + "(" + part.text + ")", part.matches.negate(), part.instructions);
  }

  private Query joined(int depth) {
    boolean and = random.nextBoolean();
    String operator = and ? List.of(" AND ", " && ", " ").get(random.nextInt(3)) : " OR ";
    List<Query> parts = new ArrayList<>();
    for (int k = 2 + random.nextInt(3); k > 0; k--) {
      parts.add(next(depth - 1));
    }
    Predicate<Row> matches =
        and
            ? row -> parts.stream().allMatch(part -> part.matches.test(row))
            : row -> parts.stream().anyMatch(part -> part.matches.test(row));
    return new Query(
        String.join(operator, parts.stream().map(part -> "(" + part.text + ")").toList()),
        matches,
        parts.stream().anyMatch(Query::instructions));
  }

  /// AND binds before OR.
  private Query mixed(int depth) {
    Query a = next(depth - 1);
    Query b = next(depth - 1);
    Query c = next(depth - 1);
    return new Query(
        "(%s) OR (%s) AND NOT (%s)".formatted(a.text, b.text, c.text),
        row -> a.matches.test(row) || b.matches.test(row) && !c.matches.test(row),
        a.instructions || b.instructions || c.instructions);
  }

  private static Query text(String query) {
    String field = query.substring(0, query.indexOf(':'));
    String value = query.substring(query.indexOf(':') + 1);
    StringBuilder regex = new StringBuilder();
    for (int k = 0; k < value.length(); k++) {
      char ch = value.charAt(k);
      switch (ch) {
        case '*' -> regex.append(".*");
        case '?' -> regex.append('.');
        case '\\' -> regex.append(Pattern.quote(value.substring(++k, k + 1)));
        default -> regex.append(Pattern.quote(String.valueOf(ch)));
      }
    }
    Pattern pattern =
        Pattern.compile(
            regex.toString(), Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.DOTALL);
    return new Query(
        // A colon within a value has to be escaped.
        field + ":" + value.replace(":", "\\:"),
        row ->
            values(row, field).stream()
                .anyMatch(v -> v instanceof String s && pattern.matcher(s).matches()),
        field.equals("mnemonic") || field.equals("bytes") || query.equals("kind:instruction"));
  }

  private static List<Object> values(Row row, String field) {
    return row.fields().getOrDefault(field, List.of());
  }

  private Query number(String field) {
    long a = someValue(field);
    long b = someValue(field);
    long low = Long.compareUnsigned(a, b) <= 0 ? a : b;
    long high = low == a ? b : a;
    return switch (random.nextInt(6)) {
      case 0, 1 -> range(field, field + ":" + shown(a), a, a);
      case 2 -> range(field, field + ":[" + shown(low) + " TO " + shown(high) + "]", low, high);
      case 3 -> range(field, field + ":[" + shown(low) + " TO *]", low, -1);
      case 4 -> range(field, field + ":<=" + shown(high), 0, high);
      default -> {
        Query closed = range(field, "", low, high);
        yield new Query(
            field + ":{" + shown(low) + " TO " + shown(high) + "}",
            row ->
                values(row, field).stream()
                    .anyMatch(
                        v ->
                            v instanceof Long n
                                && Long.compareUnsigned(n, low) > 0
                                && Long.compareUnsigned(n, high) < 0),
            closed.instructions);
      }
    };
  }

  private static Query range(String field, String text, long low, long high) {
    return new Query(
        text,
        row ->
            values(row, field).stream()
                .anyMatch(
                    v ->
                        v instanceof Long n
                            && Long.compareUnsigned(n, low) >= 0
                            && Long.compareUnsigned(n, high) <= 0),
        false);
  }

  /// Mostly a value that occurs.
  private long someValue(String field) {
    for (int k = 0; k < 50; k++) {
      List<Object> values = values(rows.get(random.nextInt(rows.size())), field);
      if (!values.isEmpty() && values.getFirst() instanceof Long n) {
        return random.nextInt(8) == 0 ? n + 1 : n;
      }
    }
    return random.nextInt(4);
  }

  private String shown(long n) {
    return switch (random.nextInt(3)) {
      case 0 -> Long.toUnsignedString(n);
      case 1 -> "0x" + Long.toHexString(n);
      default -> "0x" + Long.toHexString(n).toUpperCase(Locale.ROOT);
    };
  }
}
