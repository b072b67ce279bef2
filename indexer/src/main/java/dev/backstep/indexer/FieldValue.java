package dev.backstep.indexer;

import com.google.protobuf.ByteString;
import dev.backstep.replay.listing.EventText;
import java.util.List;
import java.util.stream.Collectors;

/// The value of a field of something found.
public sealed interface FieldValue {
  /// An unsigned number.
  ///
  /// @param hex whether tables show it in hexadecimal
  record Numeric(long unsigned, boolean hex) implements FieldValue {}

  record Text(String text) implements FieldValue {}

  record Flag(boolean set) implements FieldValue {}

  /// Bytes that are mostly text.
  record Bytes(ByteString bytes) implements FieldValue {
    /// The bytes as text that nothing is lost in: see [ByteText].
    public String lossless() {
      return ByteText.of(bytes);
    }
  }

  record Several(List<FieldValue> values) implements FieldValue {
    public Several {
      values = List.copyOf(values);
    }
  }

  /// As tables show it.
  default String shown() {
    return switch (this) {
      case Numeric(long unsigned, boolean hex) ->
          hex ? "0x" + Long.toHexString(unsigned) : Long.toUnsignedString(unsigned);
      case Text(String text) -> text;
      case Flag(boolean set) -> Boolean.toString(set);
      case Bytes(ByteString bytes) -> EventText.quoted(bytes);
      case Several(List<FieldValue> values) ->
          values.stream().map(FieldValue::shown).collect(Collectors.joining(",", "[", "]"));
    };
  }
}
