package dev.backstep.indexer;

import dev.backstep.indexer.query.Fields;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Counts what was found by the value of a field, as tables show it.
final class FacetCounts {
  /// More values than anyone reads; memory is bounded by it.
  private static final int MOST_VALUES = 1_000_000;

  private final String field;
  private final Map<String, Long> counts = new HashMap<>();

  FacetCounts(String field) {
    this.field = field;
  }

  /// Adds something found; nothing if it lacks the field. Of several values each counts.
  void add(Hit hit, long count) throws IOException {
    for (HitField of : hit.fields()) {
      if (of.name().equals(field)) {
        add(of.value(), count);
      }
    }
  }

  private void add(FieldValue value, long count) throws IOException {
    if (value instanceof FieldValue.Several(List<FieldValue> values)) {
      for (FieldValue one : values) {
        add(one, count);
      }
      return;
    }
    counts.merge(value.shown(), count, Long::sum);
    if (counts.size() > MOST_VALUES) {
      throw new IOException(
          "field "
              + field
              + " has more than "
              + MOST_VALUES
              + " different values among what matches; narrow the query");
    }
  }

  /// Adds all that a scan finds, a block at a time where the value does not depend on the place.
  void addAll(InstructionScan scan) throws IOException {
    Map<BlockMatches, long[]> byBlock = new HashMap<>();
    boolean dependsOnPlace = field.equals(Fields.POSITION) || field.equals(Fields.VCPU);
    while (scan.nextChunk()) {
      while (scan.nextRun()) {
        if (dependsOnPlace) {
          addRun(scan);
          continue;
        }
        BlockMatches matches = scan.matches();
        long[] ofBlock = byBlock.computeIfAbsent(matches, m -> new long[m.size()]);
        for (int k = 0; k < scan.executed(); k++) {
          ofBlock[k] += scan.matches(k) ? 1 : 0;
        }
      }
    }
    for (Map.Entry<BlockMatches, long[]> block : byBlock.entrySet()) {
      for (int k = 0; k < block.getValue().length; k++) {
        if (block.getValue()[k] > 0) {
          add(Hit.of(0, 0, block.getKey().instruction(k)), block.getValue()[k]);
        }
      }
    }
  }

  private void addRun(InstructionScan scan) throws IOException {
    if (field.equals(Fields.VCPU)) {
      int count = scan.count();
      if (count > 0) {
        add(new FieldValue.Numeric(scan.vcpu(), false), count);
      }
      return;
    }
    for (int k = 0; k < scan.executed(); k++) {
      if (scan.matches(k)) {
        add(new FieldValue.Numeric(scan.position() + k, false), 1);
      }
    }
  }

  /// The values with their counts, the most frequent first, equal ones by name.
  List<Facet> sorted() {
    List<Facet> facets = new ArrayList<>();
    counts.forEach((value, count) -> facets.add(new Facet(value, count)));
    facets.sort(Comparator.comparingLong(Facet::count).reversed().thenComparing(Facet::value));
    return facets;
  }
}
