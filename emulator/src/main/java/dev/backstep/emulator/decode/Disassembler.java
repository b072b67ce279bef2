package dev.backstep.emulator.decode;

import dev.backstep.emulator.decode.Opcode.Attribute;
import java.util.Locale;

/// Instructions as text, in Intel syntax and spelled as GNU objdump does (`objdump -M intel`), so
/// that listings compare.
public final class Disassembler {
  private static final int NO_REGISTER = 16;
  private static final int RBX = 3;
  private static final int RSI = 6;
  private static final int RDI = 7;

  private Disassembler() {}

  /// The instruction's name without prefixes or operands, lower case: `mov`, `jne`, `iretq`. What
  /// `mnemonic:` searches for.
  public static String mnemonic(DecodedInstruction instruction) {
    String pseudonym = Pseudonyms.of(instruction);
    if (!pseudonym.isEmpty()) {
      return pseudonym;
    }
    Opcode opcode = instruction.opcode;
    String name = opcode.mnemonic().toLowerCase(Locale.ROOT);
    if (!opcode.is(Attribute.SIZE_SUFFIX)) {
      return name;
    }
    if (instruction.has(DecodedInstruction.PREFIX_REX_W)) {
      return opcode.is(Attribute.DEFAULT64) ? name : name + "q";
    }
    if (instruction.has(DecodedInstruction.PREFIX_OPERAND_SIZE)) {
      return name + (instruction.operandBytes == 2 ? "w" : "d");
    }
    return name;
  }

  /// The whole instruction: `lock add DWORD PTR [rax+0x8],ecx`.
  public static String text(DecodedInstruction instruction) {
    StringBuilder out = new StringBuilder(prefix(instruction)).append(mnemonic(instruction));
    int operands = instruction.opcode.operands().size();
    operands -= Pseudonyms.of(instruction).isEmpty() ? 0 : 1;
    for (int k = 0; k < operands; k++) {
      if (k == 0) {
        out.append(" ".repeat(Math.max(1, 7 - out.length())));
      } else {
        out.append(',');
      }
      operand(out, instruction, k);
    }
    if (instruction.opcode.semantics().equals("Moves.xlat")) {
      string(out.append("   "), instruction, 1, instruction.segment, RBX);
    }
    if (instruction.ripRelative) {
      out.append("        # ").append(hex(instruction.displacement & instruction.addressMask));
    }
    return out.toString();
  }

  private static String prefix(DecodedInstruction i) {
    if (i.has(DecodedInstruction.PREFIX_LOCK)) {
      return "lock ";
    }
    if (!i.opcode.is(Attribute.REP)) {
      return "";
    }
    if (i.has(DecodedInstruction.PREFIX_REPNE)) {
      return "repnz ";
    }
    boolean compares = i.opcode.flags().contains("w=");
    return i.has(DecodedInstruction.PREFIX_REP) ? compares ? "repz " : "rep " : "";
  }

  private static void operand(StringBuilder out, DecodedInstruction i, int k) {
    int operand = i.operand(k);
    int number = Operands.register(operand);
    int bytes = Operands.bytes(operand);
    switch (Operands.kind(operand)) {
      case Operands.GPR -> out.append(RegisterNames.gpr(number, bytes));
      case Operands.GPR_HIGH_BYTE -> out.append(RegisterNames.highByte(number));
      case Operands.MEMORY -> memory(out, i, i.opcode.operands().get(k), operand);
      case Operands.IMMEDIATE -> out.append(hex(i.immediate & mask(bytes)));
      case Operands.IMMEDIATE2 -> out.append(hex(i.immediate2 & mask(bytes)));
      case Operands.RELATIVE -> out.append(hex(i.immediate));
      case Operands.FAR_POINTER ->
          out.append(hex(i.immediate2)).append(':').append(hex(i.immediate));
      case Operands.SEGMENT_REGISTER -> out.append(RegisterNames.segment(number));
      case Operands.CONTROL_REGISTER -> out.append("cr").append(number);
      case Operands.DEBUG_REGISTER -> out.append("dr").append(number);
      case Operands.MMX_REGISTER -> out.append("mm").append(number);
      case Operands.XMM_REGISTER -> out.append(bytes == 32 ? "ymm" : "xmm").append(number);
      case Operands.X87_REGISTER ->
          out.append(i.opcode.operands().get(k).equals("ST") ? "st" : "st(" + number + ')');
      case Operands.ONE -> out.append('1');
      case Operands.STRING_SOURCE -> string(out, i, bytes, i.segment, RSI);
      case Operands.STRING_DESTINATION -> string(out, i, bytes, 0, RDI);
      default -> throw new AssertionError("operand " + k + " of " + i.opcode);
    }
  }

  private static void string(
      StringBuilder out, DecodedInstruction i, int bytes, int segment, int register) {
    out.append(sizeName("", bytes)).append(RegisterNames.segment(segment)).append(":[");
    out.append(RegisterNames.gpr(register, addressBytes(i))).append(']');
  }

  private static void memory(StringBuilder out, DecodedInstruction i, String letters, int operand) {
    out.append(sizeName(letters, Operands.bytes(operand)));
    String vector = vectorIndex(letters, Operands.register(operand));
    boolean absolute =
        i.base == NO_REGISTER && i.index == NO_REGISTER && !i.ripRelative && vector.isEmpty();
    if (i.has(DecodedInstruction.PREFIX_SEGMENT) || absolute) {
      out.append(RegisterNames.segment(i.segment)).append(':');
    }
    if (absolute) {
      out.append(hex(i.displacement & i.addressMask));
      return;
    }
    out.append('[');
    if (i.ripRelative) {
      out.append(addressBytes(i) == 8 ? "rip" : "eip");
      out.append('+').append(hex(i.displacement - i.nextRip));
    } else {
      registers(out, i, vector);
    }
    out.append(']');
  }

  /// The vector register of indices, or "".
  private static String vectorIndex(String letters, int number) {
    if (!letters.startsWith("vm")) {
      return "";
    }
    return (letters.endsWith("y") ? "ymm" : "xmm") + number;
  }

  private static void registers(StringBuilder out, DecodedInstruction i, String vector) {
    int addressBytes = addressBytes(i);
    if (i.base != NO_REGISTER) {
      out.append(RegisterNames.gpr(i.base, addressBytes));
    }
    if (i.index != NO_REGISTER || !vector.isEmpty()) {
      out.append(i.base == NO_REGISTER ? "" : "+");
      out.append(vector.isEmpty() ? RegisterNames.gpr(i.index, addressBytes) : vector);
      if (addressBytes != 2) {
        out.append('*').append(1 << i.scaleShift);
      }
    }
    // Whether a displacement is there is seen in mod: objdump shows one that is zero, too.
    if (i.modrm >> 6 != 0 || i.base == NO_REGISTER) {
      displacement(out, i.displacement);
    }
  }

  private static void displacement(StringBuilder out, long displacement) {
    out.append(displacement < 0 ? '-' : '+').append(hex(Math.abs(displacement)));
  }

  private static int addressBytes(DecodedInstruction i) {
    return i.addressMask == -1 ? 8 : i.addressMask == 0xFFFF ? 2 : 4;
  }

  /// The size in front of a memory operand, by its letters where these stand for two parts.
  private static String sizeName(String letters, int bytes) {
    return switch (letters) {
      case "Mp" -> bytes == 2 ? "DWORD PTR " : bytes == 4 ? "FWORD PTR " : "TBYTE PTR ";
      case "Ma" -> bytes == 2 ? "DWORD PTR " : "QWORD PTR ";
      case "Ms", "Mfenv", "Mfsave", "Ob", "Ov" -> "";
      default -> sizeName(bytes);
    };
  }

  private static String sizeName(int bytes) {
    return switch (bytes) {
      case 1 -> "BYTE PTR ";
      case 2 -> "WORD PTR ";
      case 4 -> "DWORD PTR ";
      case 8 -> "QWORD PTR ";
      case 10 -> "TBYTE PTR ";
      case 16 -> "XMMWORD PTR ";
      case 32 -> "YMMWORD PTR ";
      default -> "";
    };
  }

  private static long mask(int bytes) {
    return bytes == 8 ? -1 : (1L << 8 * bytes) - 1;
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
