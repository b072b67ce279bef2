package dev.backstep.cli.hits;

import dev.backstep.indexer.Hit;
import dev.backstep.indexer.HitField;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// Prints lines for people: position, vCPU, RIP and kind in columns, then what the kind has.
final class TablePrinter implements HitPrinter {
  private static final Set<String> IN_COLUMNS =
      Set.of("kind", "position", "vcpu", "rip", "time_ns");

  private final Writer out;

  TablePrinter(Writer out) {
    this.out = out;
  }

  @Override
  public void begin() {
    // No heading: lines of text tools count and sort.
  }

  @Override
  public void print(Hit hit) throws IOException {
    List<HitField> fields = hit.fields();
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT,
            "%12s  vcpu%-2s  %016x  %-11s",
            Long.toUnsignedString(hit.position()),
            Integer.toUnsignedString(hit.vcpu()),
            hit.rip(),
            fields.getFirst().value().shown()));
    for (HitField field : fields) {
      if (!IN_COLUMNS.contains(field.name())) {
        line.append("  ").append(field.name()).append('=').append(field.value().shown());
      }
    }
    out.write(PlainText.of(line));
    out.write('\n');
  }
}
