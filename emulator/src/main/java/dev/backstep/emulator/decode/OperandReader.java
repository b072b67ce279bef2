package dev.backstep.emulator.decode;

import dev.backstep.emulator.decode.OperandPattern.Source;

/// Turns operand patterns into packed operands, reading immediates as it comes to them.
final class OperandReader {
  /// The bytes name a register that does not exist.
  static final int UNDEFINED = -1;

  private static final int CS = 1;

  /// CR0, CR2, CR3, CR4 and CR8. SDM Vol. 2 "MOV—Move to/from Control Registers".
  private static final int CONTROL_REGISTERS = 0b1_0001_1101;

  private final CodeCursor code;
  private final DecodedInstruction.Builder b;

  private int rex;
  private int opcodeByte;
  private int addressBytes;
  private int vvvv;
  private boolean memory;
  private int immediates;
  private int count;

  OperandReader(CodeCursor code, DecodedInstruction.Builder builder) {
    this.code = code;
    b = builder;
  }

  /// Starts an instruction whose prefixes, opcode and addressing form are read.
  ///
  /// @param newRex the REX byte or what VEX has of it, or 0
  /// @param newVvvv register number in VEX.vvvv
  /// @param newMemory whether ModRM names memory
  void begin(int newRex, int newVvvv, int newOpcodeByte, int newAddressBytes, boolean newMemory) {
    rex = newRex;
    vvvv = newVvvv;
    opcodeByte = newOpcodeByte;
    addressBytes = newAddressBytes;
    memory = newMemory;
    immediates = 0;
    count = 0;
  }

  /// The next operand, packed, or [#UNDEFINED].
  int read(OperandPattern pattern) {
    Source source = pattern.source();
    int bytes = pattern.size().bytes(b.operandBytes, b.vectorBytes);
    int operand =
        switch (source) {
          case GPR_OR_MEMORY -> memory ? memory(bytes) : gpr(rm(), bytes);
          case GPR_BY_REG -> gpr(reg(), bytes);
          case GPR_BY_RM -> gpr(rm(), bytes);
          case GPR_BY_OPCODE -> gpr(opcodeByte & 7 | (rex & 1) << 3, bytes);
          case MEMORY -> memory(bytes);
          case OFFSET -> offset(bytes);
          case CONTROL -> control(bytes);
          case DEBUG -> reg() > 7 ? UNDEFINED : Operands.of(Operands.DEBUG_REGISTER, reg(), bytes);
          case SEGMENT -> segment();
          case XMM_BY_REG -> Operands.of(Operands.XMM_REGISTER, reg(), bytes);
          case XMM_BY_RM -> Operands.of(Operands.XMM_REGISTER, rm(), bytes);
          case XMM_OR_MEMORY ->
              memory ? memory(bytes) : Operands.of(Operands.XMM_REGISTER, rm(), bytes);
          case XMM_BY_VVVV -> Operands.of(Operands.XMM_REGISTER, vvvv, bytes);
          case XMM_BY_IMMEDIATE -> Operands.of(Operands.XMM_REGISTER, registerByte(), bytes);
          case FIXED_XMM -> Operands.of(Operands.XMM_REGISTER, pattern.register(), bytes);
          case GPR_BY_VVVV -> Operands.of(Operands.GPR, vvvv, bytes);
          case VECTOR_OF_MEMORY -> vectorOfMemory();
          case MMX_BY_REG -> Operands.of(Operands.MMX_REGISTER, reg() & 7, bytes);
          case MMX_BY_RM -> Operands.of(Operands.MMX_REGISTER, rm() & 7, bytes);
          case MMX_OR_MEMORY ->
              memory ? memory(bytes) : Operands.of(Operands.MMX_REGISTER, rm() & 7, bytes);
          case X87_BY_RM -> Operands.of(Operands.X87_REGISTER, b.modrm & 7, bytes);
          case STRING_SOURCE -> Operands.of(Operands.STRING_SOURCE, 0, bytes);
          case STRING_DESTINATION -> Operands.of(Operands.STRING_DESTINATION, 0, bytes);
          case RELATIVE -> relative(bytes);
          case FAR_POINTER -> farPointer();
          case IMMEDIATE -> immediate(pattern.size());
          case FIXED_X87 -> Operands.of(Operands.X87_REGISTER, 0, bytes);
          case FIXED_GPR -> Operands.of(Operands.GPR, pattern.register(), bytes);
          case FIXED_SEGMENT -> Operands.of(Operands.SEGMENT_REGISTER, pattern.register(), 2);
          case ONE -> Operands.of(Operands.ONE, 0, 1);
        };
    count++;
    return operand;
  }

  private int reg() {
    return b.modrm >> 3 & 7 | (rex & 4) << 1;
  }

  private int rm() {
    return b.modrm & 7 | (rex & 1) << 3;
  }

  /// Without REX, byte registers 4 to 7 are AH, CH, DH and BH.
  private int gpr(int number, int bytes) {
    if (bytes == 1 && number >= 4 && rex == 0) {
      return Operands.of(Operands.GPR_HIGH_BYTE, number - 4, 1);
    }
    return Operands.of(Operands.GPR, number, bytes);
  }

  /// SDM Vol. 2 "The ModR/M, SIB... is4": bits 7:4, outside 64-bit mode 6:4.
  private int registerByte() {
    b.immediate = code.u8();
    return (int) b.immediate >> 4 & (b.mode64 ? 15 : 7);
  }

  /// SDM Vol. 2 "VSIB Memory Addressing": VEX.W is the size of an element there.
  private int vectorOfMemory() {
    if (b.vectorIndex < 0) {
      return UNDEFINED;
    }
    boolean wide = b.vexW;
    return Operands.of(Operands.MEMORY, b.vectorIndex, wide ? 8 : 4);
  }

  private static int memory(int bytes) {
    return Operands.of(Operands.MEMORY, 0, bytes);
  }

  private int offset(int bytes) {
    b.displacement =
        switch (addressBytes) {
          case 2 -> code.u16();
          case 4 -> Integer.toUnsignedLong(code.s32());
          default -> code.s64();
        };
    return memory(bytes);
  }

  private int control(int bytes) {
    int number = reg();
    if ((CONTROL_REGISTERS >> number & 1) == 0) {
      return UNDEFINED;
    }
    return Operands.of(Operands.CONTROL_REGISTER, number, bytes);
  }

  /// REX.R is ignored. CS cannot be loaded by MOV.
  private int segment() {
    int number = b.modrm >> 3 & 7;
    if (number > 5 || number == CS && count == 0) {
      return UNDEFINED;
    }
    return Operands.of(Operands.SEGMENT_REGISTER, number, 2);
  }

  private int relative(int bytes) {
    if (bytes == 1) {
      b.immediate = code.s8();
    } else {
      b.immediate = bytes == 2 ? (short) code.u16() : code.s32();
    }
    return Operands.of(Operands.RELATIVE, 0, b.operandBytes);
  }

  private int farPointer() {
    b.immediate = b.operandBytes == 2 ? code.u16() : Integer.toUnsignedLong(code.s32());
    b.immediate2 = code.u16();
    return Operands.of(Operands.FAR_POINTER, 0, b.operandBytes);
  }

  private int immediate(OperandSize size) {
    long value = immediateValue(size);
    int bytes =
        switch (size) {
          case BS, Z, V -> count == 0 ? b.operandBytes : Operands.bytes(b.operands[0]);
          default -> size.bytes(b.operandBytes, b.vectorBytes);
        };
    if (immediates++ == 0) {
      b.immediate = value;
      return Operands.of(Operands.IMMEDIATE, 0, bytes);
    }
    b.immediate2 = value;
    return Operands.of(Operands.IMMEDIATE2, 0, bytes);
  }

  private long immediateValue(OperandSize size) {
    return switch (size) {
      case B -> code.u8();
      case BS -> code.s8();
      case W -> code.u16();
      case Z -> b.operandBytes == 2 ? (short) code.u16() : code.s32();
      case V -> variableImmediate();
      default -> throw new AssertionError(size);
    };
  }

  /// MOV's immediate is as wide as its register.
  private long variableImmediate() {
    return switch (b.operandBytes) {
      case 2 -> (short) code.u16();
      case 4 -> code.s32();
      default -> code.s64();
    };
  }
}
