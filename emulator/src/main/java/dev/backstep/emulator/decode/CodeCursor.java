package dev.backstep.emulator.decode;

/// Reads the bytes of one instruction and knows how it ran out of them. After the first failure
/// every read yields 0 and moves nothing, so that the decoder looks once, at the end.
final class CodeCursor {
  /// SDM Vol. 2 "Instruction Format": at most 15 bytes.
  static final int LONGEST = 15;

  private byte[] code = new byte[0];
  private int start;
  private int available;
  private int position;
  private boolean failed;
  private int needed;

  void start(byte[] newCode, int offset, int newAvailable) {
    code = newCode;
    start = offset;
    available = newAvailable;
    position = 0;
    needed = 0;
    failed = false;
  }

  /// Bytes read.
  int position() {
    return position;
  }

  /// The instruction goes on after its 15th byte.
  boolean isTooLong() {
    return failed && needed > LONGEST;
  }

  /// The instruction goes on after the bytes at hand.
  boolean isTruncated() {
    return failed && needed <= LONGEST;
  }

  /// How many bytes the instruction has at least, when it [#isTruncated()].
  int needed() {
    return needed;
  }

  private boolean take(int bytes) {
    int end = position + bytes;
    if (failed || end > LONGEST || end > available) {
      needed = failed ? needed : end;
      failed = true;
      return false;
    }
    position = end;
    return true;
  }

  /// The next byte, zero-extended.
  int u8() {
    return take(1) ? code[start + position - 1] & 0xFF : 0;
  }

  /// The next byte, zero-extended, which stays the next.
  int peek() {
    int value = u8();
    position -= failed ? 0 : 1;
    return value;
  }

  /// The next byte, sign-extended.
  int s8() {
    return take(1) ? code[start + position - 1] : 0;
  }

  /// The next two bytes, zero-extended.
  int u16() {
    return take(2) ? word(start + position - 2) : 0;
  }

  /// The next four bytes.
  int s32() {
    return take(4) ? doubleword(start + position - 4) : 0;
  }

  long s64() {
    if (!take(8)) {
      return 0;
    }
    int at = start + position - 8;
    return Integer.toUnsignedLong(doubleword(at)) | (long) doubleword(at + 4) << 32;
  }

  private int word(int at) {
    return code[at] & 0xFF | (code[at + 1] & 0xFF) << 8;
  }

  private int doubleword(int at) {
    return word(at) | word(at + 2) << 16;
  }
}
