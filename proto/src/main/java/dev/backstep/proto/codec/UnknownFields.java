package dev.backstep.proto.codec;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.WireFormat;
import java.io.IOException;

/// Counts the fields of a message that this version does not know, before Protobuf makes an object
/// of each: it would make 100 bytes of two. Later versions may add fields, not this many.
public final class UnknownFields {
  /// Messages of at most this size cannot do harm and are not looked at.
  private static final int HARMLESS_BYTES = 2 << 20;

  private static final int MAX_FIELDS = 1 << 18;

  private int count;

  private UnknownFields() {}

  /// Refuses a message that holds too many.
  public static void requireFew(byte[] message, int from, Descriptor type)
      throws ColumnFormatException {
    if (message.length - from <= HARMLESS_BYTES) {
      return;
    }
    CodedInputStream in = CodedInputStream.newInstance(message, from, message.length - from);
    try {
      new UnknownFields().count(in, type);
    } catch (IOException e) {
      throw new ColumnFormatException("is not a Protobuf message: " + e.getMessage()).causedBy(e);
    }
  }

  private void count(CodedInputStream in, Descriptor type)
      throws IOException, ColumnFormatException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      FieldDescriptor field = type.findFieldByNumber(tag >>> 3);
      boolean delimited = (tag & 7) == WireFormat.WIRETYPE_LENGTH_DELIMITED;
      if ((tag & 7) == WireFormat.WIRETYPE_START_GROUP || field == null && ++count > MAX_FIELDS) {
        throw new ColumnFormatException("has too many unknown fields");
      }
      if (delimited && field != null && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
        int outer = in.pushLimit(in.readRawVarint32());
        count(in, field.getMessageType());
        in.popLimit(outer);
      } else {
        in.skipField(tag);
      }
    }
  }
}
