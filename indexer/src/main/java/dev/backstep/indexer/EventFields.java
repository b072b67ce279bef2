package dev.backstep.indexer;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Message;
import dev.backstep.indexer.query.Fields;
import dev.backstep.proto.journal.EventKinds;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.TraceProto;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The fields of events by name, read off the trace format's own description of events.
final class EventFields {
  private static final OneofDescriptor KIND = Event.getDescriptor().getOneofs().getFirst();

  // Asking a field for its options is slow.
  private static final Set<FieldDescriptor> HEX = hexFields();

  private EventFields() {}

  private static Set<FieldDescriptor> hexFields() {
    Set<FieldDescriptor> hex = new HashSet<>();
    for (FieldDescriptor kind : KIND.getFields()) {
      for (FieldDescriptor field : kind.getMessageType().getFields()) {
        if (field.getOptions().getExtension(TraceProto.hex)) {
          hex.add(field);
        }
      }
    }
    return hex;
  }

  /// Kind, position, vCPU, RIP and time, then what its kind has, in the order of the schema. A fact
  /// that does not exist has no field.
  static List<HitField> of(Event event) {
    List<HitField> fields = new ArrayList<>();
    fields.add(new HitField(Fields.KIND, new FieldValue.Text(EventKinds.nameOf(event))));
    fields.add(number(Fields.POSITION, event.getPosition()));
    fields.add(number(Fields.VCPU, Integer.toUnsignedLong(event.getVcpu())));
    fields.add(new HitField(Fields.RIP, new FieldValue.Numeric(event.getRip(), true)));
    fields.add(number(Fields.TIME_NS, event.getTimeNs()));
    FieldDescriptor kind = event.getOneofFieldDescriptor(KIND);
    if (kind != null) {
      Message facts = (Message) event.getField(kind);
      for (FieldDescriptor field : facts.getDescriptorForType().getFields()) {
        if (field.isRepeated() || !field.hasPresence() || facts.hasField(field)) {
          fields.add(new HitField(field.getName(), value(field, facts.getField(field))));
        }
      }
    }
    return fields;
  }

  private static HitField number(String name, long unsigned) {
    return new HitField(name, new FieldValue.Numeric(unsigned, false));
  }

  private static FieldValue value(FieldDescriptor field, Object value) {
    boolean hex = HEX.contains(field);
    return switch (value) {
      case Integer n -> new FieldValue.Numeric(Integer.toUnsignedLong(n), hex);
      case Long n -> new FieldValue.Numeric(n, hex);
      case Boolean set -> new FieldValue.Flag(set);
      case ByteString bytes -> new FieldValue.Bytes(bytes);
      case List<?> several ->
          new FieldValue.Several(several.stream().map(one -> value(field, one)).toList());
      default -> new FieldValue.Text(value.toString());
    };
  }
}
