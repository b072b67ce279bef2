package dev.backstep.proto.journal;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import dev.backstep.proto.v1.Event;
import java.util.List;

/// The kinds of events by the names that users search.
public final class EventKinds {
  private static final OneofDescriptor KIND = Event.getDescriptor().getOneofs().getFirst();
  private static final List<String> NAMES =
      KIND.getFields().stream().map(FieldDescriptor::getName).toList();

  private EventKinds() {}

  /// Every kind of this version, in the order of the schema.
  public static List<String> names() {
    return NAMES;
  }

  /// The event's kind; empty if it is of a kind that this version does not know.
  public static String nameOf(Event event) {
    FieldDescriptor kind = event.getOneofFieldDescriptor(KIND);
    return kind == null ? "" : kind.getName();
  }
}
