package dev.backstep.emulator.conformance;

import dev.backstep.emulator.conformance.BoundaryValues.Kind;
import dev.backstep.emulator.decode.Opcode;

/// Groups of instructions that are drawn from, and counted, apart.
enum InstructionGroup {
  INTEGER("integer"),
  SHIFT("shifts and rotates"),
  BIT("bit"),
  STRING("string"),
  MULTIPLY("mul/div"),
  BMI("BMI"),
  STACK("stack and branches"),
  MMX("MMX"),
  SSE_MOVE("SSE moves and shuffles"),
  SSE_INTEGER("SSE2 to SSE4.2 integer"),
  SSE_FLOAT("SSE floating point, MXCSR"),
  STRING_COMPARE("PCMPxSTRx"),
  X87("x87"),
  CRYPTOGRAPHY("AES/SHA/PCLMUL/CRC"),
  AVX("AVX"),
  AVX2("AVX2"),
  FMA("FMA"),
  F16C("F16C"),
  STATE("state images");

  private final String title;

  InstructionGroup(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }

  static InstructionGroup of(Opcode opcode) {
    String feature = opcode.feature();
    String mnemonic = opcode.mnemonic();
    String semantics = opcode.semantics();
    String family = semantics.substring(0, semantics.indexOf('.'));
    switch (feature) {
      case "FMA" -> {
        return FMA;
      }
      case "F16C" -> {
        return F16C;
      }
      case "BMI1", "BMI2", "ABM", "ADX" -> {
        return BMI;
      }
      case "SHA_NI", "AES", "PCLMULQDQ", "VAES", "VPCLMULQDQ", "GFNI" -> {
        return CRYPTOGRAPHY;
      }
      case "AVX2" -> {
        return AVX2;
      }
      case "SSE4A" -> {
        return SSE_INTEGER;
      }
      case "XSAVE", "XSAVEOPT", "XSAVEC", "XSAVES", "FXSR" -> {
        return STATE;
      }
      default -> {}
    }
    if (mnemonic.contains("CMPISTR") || mnemonic.contains("CMPESTR")) {
      return STRING_COMPARE;
    }
    if (mnemonic.equals("CRC32")) {
      return CRYPTOGRAPHY;
    }
    if (opcode.encoding().startsWith("VEX")) {
      return AVX;
    }
    if (usesMmx(opcode) || mnemonic.equals("EMMS")) {
      return MMX;
    }
    if (isX87(opcode)) {
      return X87;
    }
    return switch (family) {
      case "Shifts", "Rotates" -> SHIFT;
      case "BitOps", "BitManipulation" -> BIT;
      case "Strings" -> STRING;
      case "MulDiv" -> MULTIPLY;
      case "Stack", "Branches" -> STACK;
      case "SseMoves", "SseShuffles" -> SSE_MOVE;
      default -> byFeature(opcode);
    };
  }

  private static InstructionGroup byFeature(Opcode opcode) {
    String feature = opcode.feature();
    boolean simd = feature.startsWith("SSE") || feature.startsWith("SSSE") || feature.equals("PNI");
    if (!simd || opcode.semantics().equals("Moves.nop")) {
      return INTEGER;
    }
    Kind kind = kind(opcode);
    return kind == Kind.FLOAT || kind == Kind.DOUBLE || opcode.mnemonic().endsWith("MXCSR")
        ? SSE_FLOAT
        : SSE_INTEGER;
  }

  private static boolean isX87(Opcode opcode) {
    String first = opcode.encoding().substring(0, 2);
    return first.equals("9B") || first.compareTo("D8") >= 0 && first.compareTo("DF") <= 0;
  }

  private static boolean usesMmx(Opcode opcode) {
    return opcode.operands().stream().anyMatch(o -> "PQN".indexOf(o.charAt(0)) >= 0);
  }

  /// What its vector operands are.
  static Kind kind(Opcode opcode) {
    String m = opcode.mnemonic();
    if (m.contains("CMPISTR") || m.contains("CMPESTR")) {
      return Kind.TEXT;
    }
    if (m.endsWith("PH2PS")) {
      return Kind.HALF;
    }
    for (String end : new String[] {"PS", "SS"}) {
      if (m.endsWith(end) && !m.startsWith("VP") && !m.equals("PSUBSS")) {
        return Kind.FLOAT;
      }
    }
    if (m.endsWith("PD") || m.endsWith("SD") && !m.startsWith("MOVS")) {
      return Kind.DOUBLE;
    }
    if (m.contains("CVT") || m.contains("COMIS")) {
      return m.contains("PD2") || m.contains("SD2") ? Kind.DOUBLE : Kind.FLOAT;
    }
    return Kind.BYTES;
  }
}
