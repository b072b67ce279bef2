package dev.backstep.proto.codec;

import java.util.Arrays;

/// A growing run of bytes that an encoder fills and uses again for the next chunk.
final class ByteBuilder {
  private byte[] bytes;
  private int size;

  ByteBuilder(int capacity) {
    bytes = new byte[capacity];
  }

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  /// The bytes from 0 to [#size()]; valid until the next call of another method.
  byte[] array() {
    return bytes;
  }

  /// Makes room and returns the array to write into, from [#size()] on; follow with [#advanceTo].
  byte[] reserve(int more) {
    if (bytes.length - size < more) {
      bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
    }
    return bytes;
  }

  void advanceTo(int newSize) {
    assert newSize >= size && newSize <= bytes.length;
    size = newSize;
  }

  void putVarint(int value) {
    size = putVarint(reserve(5), size, value);
  }

  /// LEB128 of the unsigned value; returns where the next byte goes.
  static int putVarint(byte[] to, int at, int value) {
    int rest = value;
    int next = at;
    while ((rest & ~0x7F) != 0) {
      to[next++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    to[next++] = (byte) rest;
    return next;
  }
}
