package dev.backstep.cli.hits;

import dev.backstep.indexer.Hit;
import dev.backstep.indexer.query.TraceQuery;
import java.io.IOException;
import java.io.Writer;

/// Prints what a search finds, one result after the other.
public sealed interface HitPrinter permits TablePrinter, JsonLinesPrinter, CsvPrinter {
  /// Prints what stands before the first result.
  void begin() throws IOException;

  void print(Hit hit) throws IOException;

  /// A printer of results of `query` to `out`.
  static HitPrinter of(HitFormat format, TraceQuery query, Writer out) {
    return switch (format) {
      case TABLE -> new TablePrinter(out);
      case JSONL -> new JsonLinesPrinter(out);
      case CSV -> new CsvPrinter(out, query);
    };
  }
}
