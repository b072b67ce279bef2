package dev.backstep.indexer;

import java.util.List;
import java.util.Map;

/// An event or instruction as a test knows it: what it wrote, not what the product read.
///
/// @param fields the values of each field: `Long` or `String`
record Row(long position, boolean isInstruction, Map<String, List<Object>> fields) {
  String kind() {
    return (String) fields.getOrDefault("kind", List.of("")).getFirst();
  }

  /// What tells it from others.
  String identity() {
    return identity(
        position,
        kind(),
        (Long) fields.getOrDefault("vcpu", List.of(0L)).getFirst(),
        (Long) fields.getOrDefault("rip", List.of(0L)).getFirst());
  }

  static String identity(long position, String kind, long vcpu, long rip) {
    return "%s %s vcpu%d %x".formatted(Long.toUnsignedString(position), kind, vcpu, rip);
  }

  static String identity(Hit hit) {
    FieldValue kind = hit.fields().getFirst().value();
    return identity(hit.position(), kind.shown(), hit.vcpu(), hit.rip());
  }
}
