package dev.backstep.emulator.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A file that a loader reads: little-endian, every access checked.
///
/// @param path as the user named it
/// @param content the whole file
public record ImageFile(String path, byte[] content) {
  int size() {
    return content.length;
  }

  int byteAt(long offset) throws BootImageException {
    return content[within(offset, 1)] & 0xFF;
  }

  int shortAt(long offset) throws BootImageException {
    int at = within(offset, 2);
    return content[at] & 0xFF | (content[at + 1] & 0xFF) << 8;
  }

  /// An unsigned 32-bit number.
  long wordAt(long offset) throws BootImageException {
    return Integer.toUnsignedLong(view().getInt(within(offset, 4)));
  }

  ByteBuffer view() {
    return ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
  }

  /// Checks that `[offset, offset + bytes)` lies in the file; both are at most 33 bits wide.
  int within(long offset, long bytes) throws BootImageException {
    if (offset < 0 || bytes < 0 || offset + bytes > content.length) {
      throw new BootImageException(
          path,
          offset,
          "%d bytes expected, but the file ends at 0x%x".formatted(bytes, content.length));
    }
    return (int) offset;
  }
}
