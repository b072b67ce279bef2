package dev.backstep.emulator.testing;

import dev.backstep.emulator.decode.Opcode;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/// Bytes that decode to a line of the opcode table, in one mode or another.
public final class TableEncodings {
  private static final int[][] PREFIXES = {{}, {0x66}, {0x67}, {0x66, 0x67}};

  private TableEncodings() {}

  /// The line's bytes with register and memory operands, with and without the prefixes that change
  /// sizes.
  public static List<byte[]> of(Opcode opcode) {
    List<byte[]> all = new ArrayList<>();
    for (int[] prefixes : PREFIXES) {
      for (int rex : new int[] {0, 0x48}) {
        for (int rm : new int[] {0x00, 0x04, 0xC1}) {
          all.add(encode(opcode, prefixes, rex, rm));
        }
      }
    }
    return all;
  }

  private static boolean usesVvvv(Opcode opcode) {
    return opcode.operands().stream().anyMatch(o -> o.startsWith("H") || o.startsWith("B"));
  }

  /// One encoding. Where it has VEX.vvvv, that is 5; W and L, where they do not matter, are REX.W.
  ///
  /// @param rexBits 0 for no REX prefix, unless the line asks for one
  /// @param rm mod and rm fields of ModRM, if the line has one; 04H is followed by a SIB byte
  public static byte[] encode(Opcode opcode, int[] prefixes, int rexBits, int rm) {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    ByteArrayOutputStream opcodeBytes = new ByteArrayOutputStream();
    int rex = rexBits;
    int reg = -1;
    for (int prefix : prefixes) {
      code.write(prefix);
    }
    String[] tokens = opcode.encoding().split(" ", -1);
    boolean vex = VexPrefix.isVex(opcode.encoding());
    if (vex) {
      int wide = rexBits >> 3 & 1;
      rex = 0;
      code.writeBytes(VexPrefix.of(tokens[0], 0, usesVvvv(opcode) ? 5 : 0, wide, wide));
    }
    boolean first = true;
    for (String token : tokens) {
      switch (token) {
        case "NP", "NFx", "o16", "o32", "o64", "a16", "a32", "a64", "cb", "cw", "cz", "cp" -> {}
        case "ib", "iw", "iz", "iv", "is4" -> {}
        case "REX.W" -> rex |= 0x48;
        case "REX.B" -> rex |= 0x41;
        default -> {
          if (token.startsWith("VEX")) {
            first = false;
          } else if (token.startsWith("/")) {
            reg = token.equals("/r") ? 0 : Integer.parseInt(token.substring(1));
          } else {
            int plus = token.indexOf('+');
            int b = Integer.parseInt(plus < 0 ? token : token.substring(0, plus), 16);
            boolean mandatory = first && (b == 0x66 || b == 0xF2 || b == 0xF3);
            (mandatory ? code : opcodeBytes).write(b);
            first = mandatory;
          }
        }
      }
    }
    if (rex != 0) {
      code.write(rex);
    }
    code.writeBytes(opcodeBytes.toByteArray());
    if (reg >= 0) {
      code.write(rm | reg << 3);
      if (rm == 0x04) {
        code.write(0x58);
      }
    }
    code.writeBytes(new byte[12]);
    return code.toByteArray();
  }
}
