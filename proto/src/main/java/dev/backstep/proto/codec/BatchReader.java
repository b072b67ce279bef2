package dev.backstep.proto.codec;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import java.io.IOException;
import java.util.List;

/// Reads a batch message element by element, so that no more objects are made than were declared:
/// Protobuf's own parser would make them all before anyone could count.
final class BatchReader {
  private final CodedInputStream in;
  private int columnsFilled;

  /// Reads a message of the type `batch`.
  BatchReader(byte[] column, Descriptor batch) throws ColumnFormatException {
    UnknownFields.requireFew(column, 0, batch);
    in = CodedInputStream.newInstance(column);
    // The default, 100, is for messages that nest; ours do not, only unknown fields can.
    in.setRecursionLimit(10);
  }

  /// The next tag, 0 at the end.
  int tag() throws ColumnFormatException {
    try {
      return in.readTag();
    } catch (IOException e) {
      throw malformed(e);
    }
  }

  /// Fills `to` from a packed field that must hold exactly as many numbers.
  void numbers(int tag, long[] to, EventColumn.NumberReader reader) throws ColumnFormatException {
    requireLengthDelimited(tag);
    try {
      int outer = in.pushLimit(in.readRawVarint32());
      int size = 0;
      while (in.getBytesUntilLimit() > 0) {
        if (size == to.length) {
          throw new ColumnFormatException("has more numbers than the " + to.length + " declared");
        }
        to[size++] = reader.read(in);
      }
      in.popLimit(outer);
      if (size != to.length) {
        throw new ColumnFormatException("has " + size + " numbers of " + to.length + " declared");
      }
      columnsFilled++;
    } catch (IOException e) {
      throw malformed(e);
    }
  }

  /// Whether each of `columns` packed fields was there, once. Writers leave out empty ones.
  boolean allNumbersFilled(int columns, int count) {
    return count == 0 ? columnsFilled <= columns : columnsFilled == columns;
  }

  <T extends MessageLite> void message(int tag, Parser<T> parser, List<T> to, int limit)
      throws ColumnFormatException {
    requireLengthDelimited(tag);
    if (to.size() == limit) {
      throw new ColumnFormatException("has more messages than the " + limit + " declared");
    }
    try {
      to.add(in.readMessage(parser, ExtensionRegistryLite.getEmptyRegistry()));
    } catch (IOException e) {
      throw malformed(e);
    }
  }

  void skip(int tag) throws ColumnFormatException {
    try {
      in.skipField(tag);
    } catch (IOException e) {
      throw malformed(e);
    }
  }

  private static void requireLengthDelimited(int tag) throws ColumnFormatException {
    if ((tag & 7) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
      throw new ColumnFormatException("has field " + (tag >>> 3) + " in another wire type");
    }
  }

  private static ColumnFormatException malformed(IOException e) {
    return new ColumnFormatException("is not a Protobuf message: " + e.getMessage()).causedBy(e);
  }
}
