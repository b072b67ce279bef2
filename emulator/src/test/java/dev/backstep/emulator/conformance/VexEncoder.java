package dev.backstep.emulator.conformance;

import java.io.ByteArrayOutputStream;

/// Encodes instructions with a VEX prefix. SDM Vol. 2 "Vector Extension (VEX) Prefix".
final class VexEncoder {
  private final InstructionDraft d;
  private final OperandEncoder operands;
  private int vvvv;

  VexEncoder(InstructionDraft draft, OperandEncoder operands) {
    d = draft;
    this.operands = operands;
  }

  byte[] encode(String[] tokens) {
    d.operandSize = false;
    d.rex = d.mode64 ? d.random.nextInt(16) & 7 : 0;
    int l = -1;
    int w = -1;
    int pp = 0;
    int map = 1;
    for (String part : tokens[0].split("\\.", -1)) {
      switch (part) {
        case "128", "LZ", "L0" -> l = 0;
        case "256", "L1" -> l = 1;
        case "66" -> pp = 1;
        case "F3" -> pp = 2;
        case "F2" -> pp = 3;
        case "0F38" -> map = 2;
        case "0F3A" -> map = 3;
        case "W0" -> w = 0;
        case "W1" -> w = 1;
        default -> {}
      }
    }
    l = l < 0 ? d.random.nextInt(2) : l;
    w = w < 0 ? d.random.nextInt(2) : w;
    d.rex |= w << 3;
    vvvv = 0;
    boolean usesVvvv = false;
    for (String operand : d.opcode.operands()) {
      char letter = operand.charAt(0);
      if (letter == 'H' || letter == 'B') {
        usesVvvv = true;
        vvvv = letter == 'H' ? d.random.nextInt(d.mode64 ? 16 : 8) : d.register(0, false);
      }
    }
    if (!usesVvvv && d.random.nextInt(100) == 0) {
      vvvv = d.random.nextInt(16);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    String modrm = "";
    int literal = -1;
    for (int k = 1; k < tokens.length; k++) {
      String token = tokens[k];
      if (token.startsWith("/")) {
        modrm = token.substring(1);
      } else if (token.length() == 2 && !token.equals("ib")) {
        if (bytes.size() == 0) {
          bytes.write(Integer.parseInt(token, 16));
        } else {
          literal = Integer.parseInt(token, 16);
        }
      }
    }
    if (!modrm.isEmpty()) {
      operands.modrm(modrm);
    } else if (literal >= 0) {
      d.tail.write(literal);
    }
    for (String token : tokens) {
      if (token.equals("is4") || token.equals("/is4")) {
        d.tail.write((d.random.nextInt(d.mode64 ? 16 : 8) << 4) | d.random.nextInt(30) / 29 * 5);
      } else {
        d.immediate(token);
      }
    }
    return assembled(map, pp, l, bytes.toByteArray());
  }

  private byte[] assembled(int map, int pp, int l, byte[] bytes) {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    if (d.random.nextInt(12) == 0) {
      d.segmentOverride(code);
    }
    if (d.addressSize) {
      code.write(0x67);
    }
    if (d.random.nextInt(300) == 0) {
      // SDM Vol. 2 "VEX Prefix": any of these before it is #UD.
      int[] wrong = {0x66, 0xF2, 0xF3, 0xF0, 0x40};
      code.write(wrong[d.random.nextInt(d.mode64 ? 5 : 4)]);
    }
    int low = (~vvvv & 15) << 3 | l << 2 | pp;
    boolean three = map != 1 || (d.rex & 0xB) != 0 || d.random.nextInt(3) == 0;
    if (three) {
      code.write(0xC4);
      code.write((~d.rex & 7) << 5 | map);
      code.write((d.rex & 8) << 4 | low);
    } else {
      code.write(0xC5);
      code.write((~d.rex & 4) << 5 | low);
    }
    code.writeBytes(bytes);
    code.writeBytes(d.tail.toByteArray());
    return code.toByteArray();
  }
}
