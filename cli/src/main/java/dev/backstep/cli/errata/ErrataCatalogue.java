package dev.backstep.cli.errata;

import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// All rows. A new one is a class and a line here.
public final class ErrataCatalogue {
  private static final List<ErrataRow> ROWS =
      List.of(
          new X87Row(),
          new VcpuEventsRow(),
          new NestedRow(),
          new X2apicRow(),
          new MtrrRow(),
          new Cr0CdRow(),
          new CacheModelRow(),
          new QuirksRow());

  private ErrataCatalogue() {}

  /// The rows in the order of the table.
  public static List<ErrataRow> rows() {
    return ROWS;
  }

  /// The behaviours of all rows.
  public static List<Behaviour> behaviours() {
    List<Behaviour> all = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (ErrataRow row : ROWS) {
      for (Behaviour behaviour : row.behaviours()) {
        if (!names.add(behaviour.name())) {
          throw new AssertionError(behaviour.name() + ": two behaviours have this name");
        }
        all.add(behaviour);
      }
    }
    return List.copyOf(all);
  }

  /// The behaviours that a row's or a behaviour's name stands for; none if nothing has that name.
  public static List<Behaviour> named(String name) {
    return behaviours().stream()
        .filter(behaviour -> behaviour.row().equals(name) || behaviour.name().equals(name))
        .toList();
  }

  /// A line that says what a row is about and which page explains it.
  static String heading(String name) {
    return ROWS.stream()
        .filter(row -> row.name().equals(name))
        .findFirst()
        .map(row -> "%s: %s (docs/errata/%s.md)".formatted(name, row.title(), name))
        .orElse(name);
  }

  /// Writes behaviours, each row of them below its heading.
  public static void list(List<Behaviour> behaviours, Writer out) throws IOException {
    String row = "";
    for (Behaviour behaviour : behaviours) {
      if (!behaviour.row().equals(row)) {
        row = behaviour.row();
        out.write(heading(row) + "\n");
      }
      out.write("  %-34s %s%n".formatted(behaviour.name(), behaviour.text()));
    }
  }

  /// The names of all rows, for messages.
  public static String rowNames() {
    return ROWS.stream().map(ErrataRow::name).collect(Collectors.joining(", "));
  }
}
