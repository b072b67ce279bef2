package dev.backstep.emulator.decode;

/// The size letters of an operand. SDM Vol. 2 Appendix A.2.2 "Codes for Operand Type", and some of
/// ours for state images.
enum OperandSize {
  NONE(""),
  B("b"),
  /// A byte that is sign-extended.
  BS("bs"),
  W("w"),
  D("d"),
  Q("q"),
  DQ("dq"),
  T("t"),
  V("v"),
  Z("z"),
  Y("y"),
  PS("ps"),
  PD("pd"),
  SS("ss"),
  SD("sd"),
  A("a"),
  P("p"),
  S("s"),
  FENV("fenv"),
  FSAVE("fsave"),
  FX("fx"),
  XS("xs"),
  QQ("qq"),
  /// The vector length: 16 bytes, 32 with VEX.L; so are `ps` and `pd`.
  X("x"),
  /// A half of the vector length.
  HALF("h"),
  ;

  private static final OperandSize[] ALL = values();

  private final String letters;

  OperandSize(String letters) {
    this.letters = letters;
  }

  /// The size with these letters.
  ///
  /// @throws IllegalArgumentException if there is none
  static OperandSize of(String letters) {
    for (OperandSize size : ALL) {
      if (size.letters.equals(letters)) {
        return size;
      }
    }
    throw new IllegalArgumentException("unknown operand size '" + letters + "'");
  }

  /// The size in bytes where the instruction's operand size is `operandBytes` and its vector length
  /// `vectorBytes`.
  int bytes(int operandBytes, int vectorBytes) {
    return switch (this) {
      case NONE, FX, XS -> 0;
      case B, BS -> 1;
      case W -> 2;
      case D, SS -> 4;
      case Q, SD -> 8;
      case T -> 10;
      case DQ -> 16;
      case QQ -> 32;
      case X, PS, PD -> vectorBytes;
      case HALF -> vectorBytes / 2;
      case V, A, P -> operandBytes;
      case Z -> operandBytes == 2 ? 2 : 4;
      case Y -> operandBytes == 8 ? 8 : 4;
      case S -> operandBytes == 8 ? 10 : 6;
      case FENV -> operandBytes == 2 ? 14 : 28;
      case FSAVE -> operandBytes == 2 ? 94 : 108;
    };
  }
}
