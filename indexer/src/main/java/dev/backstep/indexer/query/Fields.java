package dev.backstep.indexer.query;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.backstep.proto.v1.Event;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;

/// Every field that a query can name, read off the trace format's own description of events.
public final class Fields {
  public static final String KIND = "kind";
  public static final String POSITION = "position";
  public static final String VCPU = "vcpu";
  public static final String RIP = "rip";
  public static final String TIME_NS = "time_ns";
  public static final String GPA = "gpa";
  public static final String BYTES = "bytes";
  public static final String MNEMONIC = "mnemonic";
  public static final String TEXT = "text";

  /// The kind that stands for executed instructions.
  public static final String INSTRUCTION = "instruction";

  private static final SequencedMap<String, SequencedMap<String, FieldType>> BY_KIND = byKind();
  private static final Map<String, FieldType> TYPES = types();

  private Fields() {}

  private static SequencedMap<String, SequencedMap<String, FieldType>> byKind() {
    SequencedMap<String, SequencedMap<String, FieldType>> kinds = new LinkedHashMap<>();
    for (FieldDescriptor kind : Event.getDescriptor().getOneofs().getFirst().getFields()) {
      SequencedMap<String, FieldType> fields = common();
      fields.put(TIME_NS, FieldType.NUMBER);
      for (FieldDescriptor field : kind.getMessageType().getFields()) {
        fields.put(field.getName(), typeOf(field));
      }
      kinds.put(kind.getName(), Collections.unmodifiableSequencedMap(fields));
    }
    SequencedMap<String, FieldType> instruction = common();
    instruction.put(GPA, FieldType.NUMBER);
    instruction.put(BYTES, FieldType.TEXT);
    instruction.put(MNEMONIC, FieldType.TEXT);
    instruction.put(TEXT, FieldType.TEXT);
    kinds.put(INSTRUCTION, Collections.unmodifiableSequencedMap(instruction));
    return Collections.unmodifiableSequencedMap(kinds);
  }

  private static SequencedMap<String, FieldType> common() {
    SequencedMap<String, FieldType> fields = new LinkedHashMap<>();
    fields.put(KIND, FieldType.TEXT);
    fields.put(POSITION, FieldType.NUMBER);
    fields.put(VCPU, FieldType.NUMBER);
    fields.put(RIP, FieldType.NUMBER);
    return fields;
  }

  private static FieldType typeOf(FieldDescriptor field) {
    return switch (field.getJavaType()) {
      case INT, LONG -> FieldType.NUMBER;
      case BOOLEAN -> FieldType.FLAG;
      case FLOAT, DOUBLE, STRING, BYTE_STRING, ENUM, MESSAGE -> FieldType.TEXT;
    };
  }

  private static Map<String, FieldType> types() {
    Map<String, FieldType> types = new TreeMap<>();
    for (Map<String, FieldType> fields : BY_KIND.values()) {
      fields.forEach(
          (name, type) -> types.merge(name, type, (a, b) -> a == b ? a : FieldType.BOTH));
    }
    return Collections.unmodifiableMap(types);
  }

  /// What a field can hold; empty if no field has that name.
  public static Optional<FieldType> type(String name) {
    return Optional.ofNullable(TYPES.get(name));
  }

  /// All names, sorted.
  public static Set<String> names() {
    return TYPES.keySet();
  }

  /// All kinds, in the order of the schema, and [#INSTRUCTION].
  public static Set<String> kinds() {
    return BY_KIND.keySet();
  }

  /// Whether what is of a kind can have a field.
  public static boolean has(String kind, String field) {
    return of(kind).contains(field);
  }

  /// The fields that what is of a kind can have, in the order in which they are printed; none if
  /// there is no such kind.
  public static Set<String> of(String kind) {
    SequencedMap<String, FieldType> fields = BY_KIND.get(kind);
    return fields == null ? Set.of() : fields.keySet();
  }

  /// Whether only instructions have this field.
  static boolean isOfInstructionsOnly(String name) {
    return name.equals(MNEMONIC) || name.equals(BYTES);
  }
}
