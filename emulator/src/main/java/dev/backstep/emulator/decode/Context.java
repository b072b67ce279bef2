package dev.backstep.emulator.decode;

/// What selects among the forms that share an opcode byte, as bits of an int: a form holds a mask
/// and a value, the decoder the bits of the bytes at hand.
///
/// ```
/// 22     21         20        19..17   16..14   13     12     11     10  9   8   7..0
/// VEX.L  protected  mod == 3  a64..16  o64..16  64bit  REX.B  REX.W  F2  F3  66  ModRM
/// ```
///
/// Of F2 and F3 only the one that stands last is set. Of VEX, W and B are like those of REX, and pp
/// like the prefixes it stands for.
final class Context {
  static final int MODRM = 0xFF;
  static final int MODRM_REG = 0x38;
  static final int MODRM_RM = 0x07;
  static final int OPERAND_SIZE_PREFIX = 1 << 8;
  static final int REP = 1 << 9;
  static final int REPNE = 1 << 10;
  static final int MANDATORY = OPERAND_SIZE_PREFIX | REP | REPNE;
  static final int REX_W = 1 << 11;
  static final int REX_B = 1 << 12;
  static final int MODE64 = 1 << 13;
  static final int OPERAND16 = 1 << 14;
  static final int OPERAND32 = 1 << 15;
  static final int OPERAND64 = 1 << 16;
  static final int OPERAND_SIZES = OPERAND16 | OPERAND32 | OPERAND64;
  static final int ADDRESS16 = 1 << 17;
  static final int ADDRESS32 = 1 << 18;
  static final int ADDRESS64 = 1 << 19;
  static final int ADDRESS_SIZES = ADDRESS16 | ADDRESS32 | ADDRESS64;
  static final int REGISTER_FORM = 1 << 20;
  static final int PROTECTED = 1 << 21;
  static final int VEX_L = 1 << 22;

  private Context() {}

  /// The bit for an operand size of 2, 4 or 8 bytes.
  static int operandSize(int bytes) {
    return OPERAND16 * bytes >> 1;
  }

  /// The bit for an address size of 2, 4 or 8 bytes.
  static int addressSize(int bytes) {
    return ADDRESS16 * bytes >> 1;
  }
}
