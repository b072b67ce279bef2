package dev.backstep.cli.hits;

import dev.backstep.indexer.FieldValue;
import dev.backstep.indexer.Hit;
import dev.backstep.indexer.HitField;
import dev.backstep.indexer.query.TraceQuery;
import java.io.IOException;
import java.io.Writer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Prints comma-separated values (RFC 4180). The heading has the fields of all kinds that the query
/// can find, known before the first of them is.
final class CsvPrinter implements HitPrinter {
  private static final String LINE_END = "\r\n";

  private final Writer out;
  private final List<String> columns;

  CsvPrinter(Writer out, TraceQuery query) {
    this.out = out;
    columns = query.possibleFields();
  }

  @Override
  public void begin() throws IOException {
    out.write(String.join(",", columns));
    out.write(LINE_END);
  }

  @Override
  public void print(Hit hit) throws IOException {
    Map<String, String> values = new HashMap<>();
    for (HitField field : hit.fields()) {
      values.put(field.name(), text(field.value()));
    }
    out.write(
        columns.stream()
            .map(column -> quoted(values.getOrDefault(column, "")))
            .collect(Collectors.joining(",")));
    out.write(LINE_END);
  }

  private static String text(FieldValue value) {
    return value instanceof FieldValue.Bytes bytes ? bytes.lossless() : value.shown();
  }

  private static String quoted(String value) {
    boolean plain =
        value.chars().noneMatch(ch -> ch == ',' || ch == '"' || ch == '\r' || ch == '\n');
    return plain ? value : "\"" + value.replace("\"", "\"\"") + "\"";
  }
}
