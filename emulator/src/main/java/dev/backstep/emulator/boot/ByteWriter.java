package dev.backstep.emulator.boot;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// Builds a table byte by byte, little-endian; grows as needed.
final class ByteWriter {
  private byte[] bytes = new byte[256];
  private int size;

  int size() {
    return size;
  }

  ByteWriter put8(int value) {
    if (size == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * size);
    }
    bytes[size++] = (byte) value;
    return this;
  }

  ByteWriter put16(int value) {
    return put8(value).put8(value >>> 8);
  }

  ByteWriter put32(long value) {
    return put16((int) value).put16((int) (value >>> 16));
  }

  ByteWriter put64(long value) {
    return put32(value).put32(value >>> 32);
  }

  ByteWriter putText(String latin1) {
    return putAll(latin1.getBytes(StandardCharsets.ISO_8859_1));
  }

  ByteWriter putAll(byte[] more) {
    for (byte b : more) {
      put8(b);
    }
    return this;
  }

  ByteWriter zeros(int count) {
    for (int k = 0; k < count; k++) {
      put8(0);
    }
    return this;
  }

  void alignTo(int alignment) {
    while (size % alignment != 0) {
      put8(0);
    }
  }

  /// Overwrites a byte written before.
  void set8(int at, int value) {
    bytes[at] = (byte) value;
  }

  void set32(int at, long value) {
    for (int k = 0; k < 4; k++) {
      bytes[at + k] = (byte) (value >>> 8 * k);
    }
  }

  /// The byte that makes the sum of all bytes in `[from, to)` zero, provided the byte at its place
  /// is zero now.
  int checksum(int from, int to) {
    int sum = 0;
    for (int k = from; k < to; k++) {
      sum += bytes[k];
    }
    return -sum & 0xFF;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, size);
  }
}
