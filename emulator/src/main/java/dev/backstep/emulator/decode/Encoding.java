package dev.backstep.emulator.decode;

import java.util.List;

/// The encoding column of a table line, read.
///
/// @param map 0 one-byte, 1 0F, 2 0F 38, 3 0F 3A, and [#VEX] more for those of VEX
/// @param opcodeByte the last opcode byte; the first of eight with `+r`
/// @param registerInOpcode `+r`
/// @param hasModrm whether ModRM follows
/// @param mask the bits of [Context] that the encoding asks about
/// @param value what they must be
/// @param tail the tokens after opcode and ModRM: ib, cz...
record Encoding(
    int map,
    int opcodeByte,
    boolean registerInOpcode,
    boolean hasModrm,
    int mask,
    int value,
    String tail) {
  /// The first map of VEX: 5 is VEX 0F, and so on.
  static final int VEX = 4;

  boolean isVex() {
    return map >= VEX;
  }

  /// Reads the column.
  ///
  /// @throws IllegalArgumentException saying what is wrong
  static Encoding parse(List<String> tokens) {
    Reader reader = new Reader();
    for (String token : tokens) {
      reader.read(token);
    }
    return reader.finish();
  }

  private static final class Reader {
    private int map;
    private int opcodeByte = -1;
    private boolean registerInOpcode;
    private boolean hasModrm;
    private boolean opcodeDone;
    private int mask;
    private int value;
    private final StringBuilder tail = new StringBuilder();

    void read(String token) {
      if (opcodeByte < 0 && map == 0 && prefix(token)) {
        return;
      }
      if (token.startsWith("VEX.")) {
        vex(token);
        return;
      }
      switch (token) {
        case "ib", "iw", "iz", "iv", "is4", "cb", "cz", "cp" ->
            tail.append(tail.isEmpty() ? "" : " ").append(token);
        case "/r" -> hasModrm = true;
        case "/0", "/1", "/2", "/3", "/4", "/5", "/6", "/7" -> {
          hasModrm = true;
          ask(Context.MODRM_REG, token.charAt(1) - '0' << 3);
        }
        default -> opcode(token);
      }
    }

    private boolean prefix(String token) {
      switch (token) {
        case "NP" -> ask(Context.MANDATORY, 0);
        case "NFx" -> ask(Context.REP | Context.REPNE, 0);
        case "66" -> ask(Context.MANDATORY, Context.OPERAND_SIZE_PREFIX);
        case "F3" -> ask(Context.REP | Context.REPNE, Context.REP);
        case "F2" -> ask(Context.REP | Context.REPNE, Context.REPNE);
        case "REX.W" -> ask(Context.REX_W, Context.REX_W);
        case "REX.B" -> ask(Context.REX_B, Context.REX_B);
        case "o16" -> ask(Context.OPERAND_SIZES, Context.OPERAND16);
        case "o32" -> ask(Context.OPERAND_SIZES, Context.OPERAND32);
        case "o64" -> ask(Context.OPERAND_SIZES, Context.OPERAND64);
        case "a16" -> ask(Context.ADDRESS_SIZES, Context.ADDRESS16);
        case "a32" -> ask(Context.ADDRESS_SIZES, Context.ADDRESS32);
        case "a64" -> ask(Context.ADDRESS_SIZES, Context.ADDRESS64);
        default -> {
          return false;
        }
      }
      return true;
    }

    /// `VEX.128.66.0F38.W0`, in the SDM's order; a length of LIG or none, and WIG or none, ask for
    /// nothing, no mandatory prefix means none.
    private void vex(String token) {
      int mandatory = 0;
      for (String part : OpcodeForm.split(token, '.')) {
        switch (part) {
          case "VEX", "LIG", "WIG", "NP" -> {}
          case "128", "LZ" -> ask(Context.VEX_L, 0);
          case "256" -> ask(Context.VEX_L, Context.VEX_L);
          case "66" -> mandatory = Context.OPERAND_SIZE_PREFIX;
          case "F3" -> mandatory = Context.REP;
          case "F2" -> mandatory = Context.REPNE;
          case "0F" -> map = VEX + 1;
          case "0F38" -> map = VEX + 2;
          case "0F3A" -> map = VEX + 3;
          case "W0" -> ask(Context.REX_W, 0);
          case "W1" -> ask(Context.REX_W, Context.REX_W);
          default -> throw new IllegalArgumentException("unknown part '" + part + "' of VEX");
        }
      }
      if (map == 0) {
        throw new IllegalArgumentException("VEX without a map");
      }
      ask(Context.MANDATORY, mandatory);
    }

    private void ask(int bits, int newValue) {
      if ((mask & bits) != 0) {
        throw new IllegalArgumentException("asks twice about the same bits");
      }
      mask |= bits;
      value |= newValue;
    }

    /// An escape, the opcode byte, or a ModRM byte.
    private void opcode(String token) {
      int plus = token.indexOf('+');
      int b = Integer.parseInt(plus < 0 ? token : token.substring(0, plus), 16);
      if (opcodeDone) {
        literalModrm(b, token);
        return;
      }
      if (opcodeByte < 0 && map == 0 && b == 0x0F) {
        map = 1;
      } else if (opcodeByte < 0 && map == 1 && (b == 0x38 || b == 0x3A)) {
        map = b == 0x38 ? 2 : 3;
      } else {
        opcodeByte = b;
        opcodeDone = true;
        registerInOpcode = token.endsWith("+r");
      }
    }

    private void literalModrm(int b, String token) {
      if (hasModrm || b < 0xC0) {
        throw new IllegalArgumentException("cannot place '" + token + "'");
      }
      hasModrm = true;
      ask(Context.REGISTER_FORM, Context.REGISTER_FORM);
      ask(token.endsWith("+i") ? Context.MODRM & ~Context.MODRM_RM : Context.MODRM, b);
    }

    Encoding finish() {
      if (opcodeByte < 0) {
        throw new IllegalArgumentException("has no opcode");
      }
      if (registerInOpcode && (opcodeByte & 7) != 0) {
        throw new IllegalArgumentException("+r after an opcode that is not a multiple of 8");
      }
      return new Encoding(
          map, opcodeByte, registerInOpcode, hasModrm, mask, value, tail.toString());
    }
  }
}
