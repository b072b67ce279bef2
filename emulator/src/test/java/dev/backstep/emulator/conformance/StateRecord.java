package dev.backstep.emulator.conformance;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// The state before or after a case, in memory that the host process shares.
///
/// ```
///     0  R8 to R15, RDI, RSI, RBP, RBX, RDX, RAX, RCX, RSP, RIP, RFLAGS  (`struct sigcontext`)
///   144  CS, GS, FS, SS  152 error code  160 vector  176 CR2             (vector: after only)
///   256  the image of XSAVE: x87 and SSE, 768 its header, 832 the high halves of YMM0 to YMM15
///  1088  number of the signal                                            (after only)
///  1152  code, 128 bytes                                                 (before only)
///  2048  memory: the two writable pages
/// ```
final class StateRecord {
  static final int BYTES = 0x2800;
  static final int FLAGS = 17 * 8;
  static final int RIP = 16 * 8;
  static final int SEGMENTS = 18 * 8;
  static final int ERROR_CODE = 19 * 8;
  static final int VECTOR = 20 * 8;
  static final int CR2 = 22 * 8;
  static final int FX = 256;
  static final int FCW = FX;
  static final int FSW = FX + 2;
  static final int FTW = FX + 4;
  static final int FOP = FX + 6;
  static final int FIP = FX + 8;
  static final int FDP = FX + 16;
  static final int MXCSR = FX + 24;
  static final int ST = FX + 32;
  static final int XMM = FX + 160;
  static final int XSTATE_BV = FX + 512;
  static final int YMM = FX + 576;
  static final int CODE = 1152;
  static final int CODE_BYTES = 128;
  static final int MEMORY = 2048;
  static final int MEMORY_BYTES = 8192;

  private static final ValueLayout.OfShort LE16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt LE32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LE64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /// Where a general register, by its number in encodings, stands.
  private static final int[] GPR = {13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7};

  final MemorySegment segment;

  StateRecord(MemorySegment segment) {
    this.segment = segment;
  }

  long gpr(int register) {
    return getLong(8L * GPR[register]);
  }

  void setGpr(int register, long value) {
    putLong(8L * GPR[register], value);
  }

  int getByte(long at) {
    return segment.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
  }

  int getShort(long at) {
    return segment.get(LE16, at) & 0xFFFF;
  }

  int getInt(long at) {
    return segment.get(LE32, at);
  }

  long getLong(long at) {
    return segment.get(LE64, at);
  }

  void putByte(long at, int value) {
    segment.set(ValueLayout.JAVA_BYTE, at, (byte) value);
  }

  void putShort(long at, int value) {
    segment.set(LE16, at, (short) value);
  }

  void putInt(long at, int value) {
    segment.set(LE32, at, value);
  }

  void putLong(long at, long value) {
    segment.set(LE64, at, value);
  }

  void copyFrom(StateRecord other) {
    segment.copyFrom(other.segment);
  }

  void setCode(byte[] code) {
    segment.asSlice(CODE, CODE_BYTES).fill((byte) HostProcessor.BREAKPOINT);
    MemorySegment.copy(code, 0, segment, ValueLayout.JAVA_BYTE, CODE, code.length);
  }

  byte[] code() {
    return segment.asSlice(CODE, CODE_BYTES).toArray(ValueLayout.JAVA_BYTE);
  }
}
