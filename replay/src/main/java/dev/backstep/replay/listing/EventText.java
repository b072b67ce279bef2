package dev.backstep.replay.listing;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.backstep.proto.journal.EventKinds;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.TraceProto;
import java.util.List;
import java.util.StringJoiner;

/// Events as text: `kind field=value …`, the names and number formats that searches use.
public final class EventText {
  private EventText() {}

  /// One line: position, vCPU, RIP and time, then the kind and its fields.
  public static String of(Event event) {
    return "%12d  vcpu%d  %016x  %s"
        .formatted(event.getPosition(), event.getVcpu(), event.getRip(), facts(event));
  }

  /// The kind and its fields, without where and when.
  public static String facts(Event event) {
    FieldDescriptor kind =
        event.getOneofFieldDescriptor(Event.getDescriptor().getOneofs().getFirst());
    if (kind == null) {
      return "(of a kind that this version does not know)";
    }
    StringJoiner text = new StringJoiner(" ");
    text.add(EventKinds.nameOf(event));
    Message facts = (Message) event.getField(kind);
    for (FieldDescriptor field : facts.getDescriptorForType().getFields()) {
      if (field.isRepeated() || !field.hasPresence() || facts.hasField(field)) {
        text.add(field.getName() + "=" + value(field, facts.getField(field)));
      }
    }
    return text.toString();
  }

  /// A field's value as tables show it: numbers marked so in hexadecimal, bytes as quoted text.
  public static String value(FieldDescriptor field, Object value) {
    boolean hex = field.getOptions().getExtension(TraceProto.hex);
    return switch (value) {
      case Long number -> hex ? "0x" + Long.toHexString(number) : Long.toUnsignedString(number);
      case Integer number ->
          hex ? "0x" + Integer.toHexString(number) : Integer.toUnsignedString(number);
      case ByteString bytes -> quoted(bytes);
      case List<?> several -> list(field, several);
      default -> value.toString();
    };
  }

  private static String list(FieldDescriptor field, List<?> several) {
    StringJoiner text = new StringJoiner(",", "[", "]");
    several.forEach(one -> text.add(value(field, one)));
    return text.toString();
  }

  /// Bytes as quoted text: what is no printable ASCII character is escaped.
  public static String quoted(ByteString bytes) {
    StringBuilder text = new StringBuilder("\"");
    for (byte b : bytes) {
      switch (b) {
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '"', '\\' -> text.append('\\').append((char) b);
        default -> {
          if (b >= ' ' && b < 127) {
            text.append((char) b);
          } else {
            text.append("\\x%02x".formatted(b & 0xFF));
          }
        }
      }
    }
    return text.append('"').toString();
  }
}
