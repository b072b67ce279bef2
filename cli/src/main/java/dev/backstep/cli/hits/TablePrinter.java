package dev.backstep.cli.hits;

import dev.backstep.indexer.Hit;
import dev.backstep.indexer.HitField;
import java.io.IOException;
import java.io.Writer;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/// Prints lines for people: position, vCPU, RIP and kind in columns, then what the kind has.
final class TablePrinter implements HitPrinter {
  private static final Set<String> IN_COLUMNS =
      Set.of("kind", "position", "vcpu", "rip", "time_ns");

  private static final int POSITION_WIDTH = 12;
  private static final int VCPU_WIDTH = 6;
  private static final int KIND_WIDTH = 11;

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
    String position = Long.toUnsignedString(hit.position());
    line.repeat(' ', Math.max(0, POSITION_WIDTH - position.length())).append(position);
    column(line, "vcpu" + Integer.toUnsignedString(hit.vcpu()), VCPU_WIDTH);
    column(line, HexFormat.of().toHexDigits(hit.rip()), 0);
    column(line, fields.getFirst().value().shown(), KIND_WIDTH);
    for (HitField field : fields) {
      if (!IN_COLUMNS.contains(field.name())) {
        line.append("  ").append(field.name()).append('=').append(field.value().shown());
      }
    }
    out.write(PlainText.of(line));
    out.write('\n');
  }

  private static void column(StringBuilder line, String text, int width) {
    line.append("  ").append(text).repeat(' ', Math.max(0, width - text.length()));
  }
}
