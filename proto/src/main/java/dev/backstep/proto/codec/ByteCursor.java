package dev.backstep.proto.codec;

/// Reads a decoded column from its first byte to its last.
final class ByteCursor {
  private final byte[] bytes;
  private int next;

  ByteCursor(byte[] bytes) {
    this.bytes = bytes;
  }

  boolean atEnd() {
    return next == bytes.length;
  }

  /// LEB128 of at most 32 bits.
  int varint() throws ColumnFormatException {
    int value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (next == bytes.length) {
        throw new ColumnFormatException("ends within a number");
      }
      byte b = bytes[next++];
      if (shift == 28 && (b & 0xF0) != 0) {
        break;
      }
      value |= (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new ColumnFormatException("a number has more than 32 bits");
  }
}
