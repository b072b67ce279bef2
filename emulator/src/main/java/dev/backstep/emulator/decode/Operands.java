package dev.backstep.emulator.decode;

/// One decoded operand packed into an int.
///
/// ```
/// 31..24  23..16  15..8     7..0
/// -       bytes   register  kind
/// ```
///
/// `bytes` is the operand's size (1, 2, 4, 8, 16; for far pointers the offset's, for the bounds of
/// BOUND one bound's; 0 for memory that is only addressed, and for FXSAVE and XSAVE images);
/// `register` is its number within its file; kinds are the constants here.
public final class Operands {
  public static final int NONE = 0;

  /// General register: low byte, word, doubleword or quadword by size.
  public static final int GPR = 1;

  /// AH, CH, DH or BH; `register` is 0 to 3, the full register's number.
  public static final int GPR_HIGH_BYTE = 2;

  /// Memory at the instruction's effective address.
  public static final int MEMORY = 3;

  /// The instruction's immediate, already sign- or zero-extended to the operand size's meaning.
  public static final int IMMEDIATE = 4;

  /// A branch target: the instruction's immediate is the absolute target (RIP, EIP or IP).
  public static final int RELATIVE = 5;

  /// Far pointer in the instruction: selector in `immediate2`, offset in `immediate`.
  public static final int FAR_POINTER = 6;

  public static final int SEGMENT_REGISTER = 7;
  public static final int CONTROL_REGISTER = 8;
  public static final int DEBUG_REGISTER = 9;
  public static final int MMX_REGISTER = 10;
  public static final int XMM_REGISTER = 11;
  public static final int X87_REGISTER = 12;

  /// A second immediate (ENTER's level; immediate2).
  public static final int IMMEDIATE2 = 13;

  /// The constant 1 of the short shift forms.
  public static final int ONE = 14;

  /// String operand at DS:rSI (segment may be overridden).
  public static final int STRING_SOURCE = 15;

  /// String operand at ES:rDI.
  public static final int STRING_DESTINATION = 16;

  private Operands() {}

  public static int of(int kind, int register, int bytes) {
    return kind | register << 8 | bytes << 16;
  }

  public static int kind(int operand) {
    return operand & 0xFF;
  }

  public static int register(int operand) {
    return operand >>> 8 & 0xFF;
  }

  /// Size in bytes.
  public static int bytes(int operand) {
    return operand >>> 16 & 0xFF;
  }
}
