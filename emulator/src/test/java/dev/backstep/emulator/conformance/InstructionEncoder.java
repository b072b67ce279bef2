package dev.backstep.emulator.conformance;

import dev.backstep.emulator.decode.Opcode;
import java.io.ByteArrayOutputStream;
import java.util.SplittableRandom;

/// Encodes any line of the opcode table with random operands and prefixes.
///
/// Registers that addresses are made of are *pinned*: their values in [InstructionDraft#registers]
/// are chosen here and must be those before the case.
final class InstructionEncoder {
  private final InstructionDraft d;
  private final OperandEncoder operands;
  private final VexEncoder vex;

  InstructionEncoder(SplittableRandom random, Opcode any) {
    d = new InstructionDraft(random, any);
    operands = new OperandEncoder(d);
    vex = new VexEncoder(d, operands);
  }

  InstructionDraft draft() {
    return d;
  }

  /// Linear address of the last instruction's memory operand, or 0.
  long memoryTarget() {
    return d.inMemory ? d.targetOfMemory : 0;
  }

  /// The bytes of a form.
  ///
  /// @param form what to encode
  /// @param rip linear address of its first byte
  /// @param memoryTarget linear address for its memory operand, if it comes to have one
  byte[] encode(Opcode form, long rip, long memoryTarget) {
    d.begin(form, memoryTarget);
    String[] tokens = form.encoding().split(" ", -1);
    byte[] code = d.isVex() ? vex.encode(tokens) : legacyEncoded(tokens);
    if (d.ripRelativeAt >= 0) {
      int at = code.length - (d.tail.size() - d.ripRelativeAt);
      put(code, at, (int) (d.target - rip - code.length));
    }
    return code;
  }

  private static void put(byte[] code, int at, int value) {
    for (int k = 0; k < 4; k++) {
      code[at + k] = (byte) (value >> 8 * k);
    }
  }

  private byte[] legacyEncoded(String[] tokens) {
    d.rex = d.mode64 && d.random.nextInt(3) == 0 ? 0x40 | d.random.nextInt(16) : 0;
    int mandatory = -1;
    boolean only32 = false;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    String modrm = "";
    int literal = -1;
    for (String token : tokens) {
      switch (token) {
        case "NP" -> d.operandSize = false;
        case "NFx" -> {}
        case "o16" -> {
          d.operandSize = true;
          d.rex &= ~8;
        }
        case "o32" -> {
          d.operandSize = false;
          only32 = true;
        }
        case "o64", "REX.W" -> d.rex |= 0x48;
        case "REX.B" -> d.rex |= 0x41;
        case "a16", "a32" -> d.addressSize = d.mode64 == token.equals("a32");
        case "a64" -> d.addressSize = false;
        case "66" -> {
          if (bytes.size() == 0) {
            d.operandSize = true;
          } else {
            bytes.write(0x66);
          }
        }
        case "F2", "F3" -> {
          if (bytes.size() == 0) {
            mandatory = Integer.parseInt(token, 16);
          } else {
            bytes.write(Integer.parseInt(token, 16));
          }
        }
        case "ib", "iw", "iz", "iv", "cb", "cz", "cp" -> {}
        default -> {
          if (token.startsWith("/")) {
            modrm = token.substring(1);
          } else if (token.endsWith("+i")) {
            literal = Integer.parseInt(token.substring(0, 2), 16) + d.random.nextInt(8);
          } else if (token.endsWith("+r")) {
            bytes.write(
                Integer.parseInt(token.substring(0, 2), 16) + d.register(1, d.byteSized('Z')));
          } else if (opcodeIsComplete(bytes)) {
            literal = Integer.parseInt(token, 16);
          } else {
            bytes.write(Integer.parseInt(token, 16));
          }
        }
      }
    }
    if (only32) {
      d.rex &= ~8;
    }
    if (!modrm.isEmpty()) {
      operands.modrm(modrm);
    } else if (literal >= 0) {
      d.tail.write(literal);
    }
    operands.offset();
    for (String token : tokens) {
      d.immediate(token);
    }
    return assembled(mandatory, bytes.toByteArray());
  }

  /// Whether escapes and d.opcode byte are there, so that the next literal is ModRM.
  private static boolean opcodeIsComplete(ByteArrayOutputStream bytes) {
    byte[] b = bytes.toByteArray();
    if (b.length == 0 || b[0] != 0x0F) {
      return b.length == 1;
    }
    return b.length == (b.length > 1 && (b[1] == 0x38 || b[1] == 0x3A) ? 3 : 2);
  }

  private byte[] assembled(int mandatory, byte[] bytes) {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    if (d.random.nextInt(12) == 0) {
      d.segmentOverride(code);
    }
    if (d.addressSize) {
      code.write(0x67);
    }
    if (d.operandSize) {
      code.write(0x66);
    }
    boolean lockable = d.opcode.is(Opcode.Attribute.LOCK) && d.inMemory;
    if (lockable ? d.random.nextInt(4) == 0 : d.random.nextInt(400) == 0) {
      code.write(0xF0);
    }
    if (mandatory >= 0) {
      code.write(mandatory);
    } else if (d.opcode.is(Opcode.Attribute.REP) && d.random.nextInt(3) == 0) {
      code.write(d.random.nextBoolean() ? 0xF3 : 0xF2);
    }
    if (d.rex != 0) {
      code.write(d.rex);
    }
    code.writeBytes(bytes);
    code.writeBytes(d.tail.toByteArray());
    return code.toByteArray();
  }
}
