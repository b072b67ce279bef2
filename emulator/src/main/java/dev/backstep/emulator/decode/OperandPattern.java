package dev.backstep.emulator.decode;

/// One operand of a table line: where it comes from and how large it is.
///
/// @param text as in the table
/// @param source where the decoder finds it
/// @param size its size letters
/// @param register its number, where the pattern itself names a register
record OperandPattern(String text, Source source, OperandSize size, int register) {
  /// Where an operand comes from. SDM Vol. 2 Appendix A.2.1 "Codes for Addressing Method".
  enum Source {
    /// E: ModRM, a general register or memory.
    GPR_OR_MEMORY("E"),
    /// G: general register by ModRM.reg.
    GPR_BY_REG("G"),
    /// R: general register by ModRM.rm.
    GPR_BY_RM("R"),
    /// Z: general register by the opcode's low bits.
    GPR_BY_OPCODE("Z"),
    /// M: ModRM, memory.
    MEMORY("M"),
    /// O: memory at an offset that follows the opcode.
    OFFSET("O"),
    /// C: control register by ModRM.reg.
    CONTROL("C"),
    /// D: debug register by ModRM.reg.
    DEBUG("D"),
    /// S: segment register by ModRM.reg.
    SEGMENT("S"),
    /// V: XMM or YMM register by ModRM.reg.
    XMM_BY_REG("V"),
    /// U: XMM or YMM register by ModRM.rm.
    XMM_BY_RM("U"),
    /// W: ModRM, XMM or YMM register, or memory.
    XMM_OR_MEMORY("W"),
    /// P: MMX register by ModRM.reg.
    MMX_BY_REG("P"),
    /// N: MMX register by ModRM.rm.
    MMX_BY_RM("N"),
    /// Q: ModRM, MMX register or memory.
    MMX_OR_MEMORY("Q"),
    /// H: XMM or YMM register by VEX.vvvv.
    XMM_BY_VVVV("H"),
    /// L: XMM or YMM register by the high bits of an immediate byte.
    XMM_BY_IMMEDIATE("L"),
    /// B: general register by VEX.vvvv.
    GPR_BY_VVVV("B"),
    /// vm32x, vm32y, vm64x, vm64y: memory at as many places as a vector of indices has elements.
    VECTOR_OF_MEMORY("vm"),
    /// X: memory at DS:rSI.
    STRING_SOURCE("X"),
    /// Y: memory at ES:rDI.
    STRING_DESTINATION("Y"),
    /// J: displacement from the following instruction.
    RELATIVE("J"),
    /// A: far pointer.
    FAR_POINTER("A"),
    /// I: immediate.
    IMMEDIATE("I"),
    /// STi: x87 register by ModRM.rm.
    X87_BY_RM(""),
    /// AL, CL, AX, DX, rAX.
    FIXED_GPR(""),
    /// XMM0.
    FIXED_XMM(""),
    /// ST: the x87's ST(0).
    FIXED_X87(""),
    /// ES to GS.
    FIXED_SEGMENT(""),
    /// The constant 1.
    ONE(""),
    ;

    private static final Source[] ALL = values();

    private final String letter;

    Source(String letter) {
      this.letter = letter;
    }

    boolean needsModrm() {
      return switch (this) {
        case GPR_OR_MEMORY, GPR_BY_REG, GPR_BY_RM, MEMORY, CONTROL, DEBUG, SEGMENT -> true;
        case XMM_BY_REG, XMM_BY_RM, XMM_OR_MEMORY, MMX_BY_REG, MMX_BY_RM, MMX_OR_MEMORY -> true;
        case X87_BY_RM, VECTOR_OF_MEMORY -> true;
        case XMM_BY_VVVV, XMM_BY_IMMEDIATE, GPR_BY_VVVV, FIXED_XMM -> false;
        case GPR_BY_OPCODE, OFFSET, STRING_SOURCE, STRING_DESTINATION, RELATIVE -> false;
        case FAR_POINTER, IMMEDIATE, FIXED_GPR, FIXED_X87, FIXED_SEGMENT, ONE -> false;
      };
    }

    /// Whether the operand is named by VEX.vvvv.
    boolean isByVvvv() {
      return this == XMM_BY_VVVV || this == GPR_BY_VVVV;
    }

    /// Whether ModRM.rm must be a register.
    boolean needsRegisterForm() {
      return this == GPR_BY_RM || this == XMM_BY_RM || this == MMX_BY_RM || this == X87_BY_RM;
    }
  }

  private static final String SEGMENTS = "ES CS SS DS FS GS ";

  /// Reads a pattern.
  ///
  /// @throws IllegalArgumentException if it is none
  static OperandPattern parse(String text) {
    return switch (text) {
      case "AL" -> gpr(text, OperandSize.B, 0);
      case "CL" -> gpr(text, OperandSize.B, 1);
      case "AX" -> gpr(text, OperandSize.W, 0);
      case "DX" -> gpr(text, OperandSize.W, 2);
      case "eAX" -> gpr(text, OperandSize.Z, 0);
      case "rAX" -> gpr(text, OperandSize.V, 0);
      case "1" -> new OperandPattern(text, Source.ONE, OperandSize.B, 0);
      case "XMM0" -> new OperandPattern(text, Source.FIXED_XMM, OperandSize.DQ, 0);
      case "vm32x", "vm64x" -> new OperandPattern(text, Source.VECTOR_OF_MEMORY, OperandSize.DQ, 0);
      case "vm32y", "vm64y" -> new OperandPattern(text, Source.VECTOR_OF_MEMORY, OperandSize.QQ, 0);
      case "ST" -> new OperandPattern(text, Source.FIXED_X87, OperandSize.T, 0);
      case "STi" -> new OperandPattern(text, Source.X87_BY_RM, OperandSize.T, 0);
      case "ES", "CS", "SS", "DS", "FS", "GS" ->
          new OperandPattern(
              text, Source.FIXED_SEGMENT, OperandSize.W, SEGMENTS.indexOf(text + " ") / 3);
      default -> byLetter(text);
    };
  }

  private static OperandPattern gpr(String text, OperandSize size, int register) {
    return new OperandPattern(text, Source.FIXED_GPR, size, register);
  }

  private static OperandPattern byLetter(String text) {
    for (Source source : Source.ALL) {
      if (!source.letter.isEmpty() && text.startsWith(source.letter)) {
        return new OperandPattern(text, source, OperandSize.of(text.substring(1)), 0);
      }
    }
    throw new IllegalArgumentException("unknown operand '" + text + "'");
  }

  /// How the encoding column spells the bytes of this operand after ModRM, or "" if it has none.
  String encodedAs() {
    return switch (source) {
      case IMMEDIATE ->
          switch (size) {
            case B, BS -> "ib";
            case W -> "iw";
            case Z -> "iz";
            case V -> "iv";
            default -> throw new IllegalArgumentException("no immediate has the size of " + text);
          };
      case RELATIVE ->
          switch (size) {
            case B -> "cb";
            case Z -> "cz";
            default -> throw new IllegalArgumentException("no branch has the size of " + text);
          };
      case FAR_POINTER -> "cp";
      case XMM_BY_IMMEDIATE -> "is4";
      default -> "";
    };
  }
}
