package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.isa.HostSideBySide.Sequence;
import dev.backstep.emulator.vcpu.Rflags;
import java.io.ByteArrayOutputStream;
import java.util.SplittableRandom;

/// Makes cases of one instruction on general, MMX and XMM or YMM registers: those that it names are
/// loaded from memory at RBX before and stored behind it after. A memory operand is at RSI.
final class ExtensionCases {
  private static final int RBX = 3;
  private static final int RSI = 6;

  /// Offset of the values that registers get.
  private static final int IN = 0x00;

  /// Offset of what they hold afterwards.
  private static final int OUT = 0xC0;

  private static final int SAVED_RAX = 0x180;
  private static final int OVERFLOW = 0x188;

  /// Offset of the memory operand's page part.
  private static final int OPERAND = 0x200;

  /// General registers that operands may be.
  private static final int[] GENERAL = {0, 1, 2, 5, 8, 9, 10, 11, 12, 13, 14, 15};

  private final SplittableRandom random;
  private final ByteArrayOutputStream code = new ByteArrayOutputStream();

  /// Register numbers for ModRM.reg, ModRM.rm, VEX.vvvv and the register in an immediate.
  private final int[] chosen = new int[4];

  private Opcode opcode = Opcode.INVALID;
  private boolean vex;
  private boolean memory;

  ExtensionCases(SplittableRandom random) {
    this.random = random;
  }

  Sequence of(Opcode form) {
    opcode = form;
    code.reset();
    vex = form.encoding().startsWith("VEX.");
    memory = usesMemory();
    choose();
    moveVectors(IN, 0x10, 0x6F);
    instruction();
    moveVectors(OUT, 0x11, 0x7F);
    clearUndefinedFlags();
    if (uses("PQN")) {
      put(0x0F, 0x77);
    }
    Sequence one =
        HostSideBySide.sequence(form.mnemonic() + form.operands(), code.toByteArray(), random);
    for (int k = 0; k < 16; k++) {
      one.registers()[k] = general(one.registers()[k]);
    }
    one.registers()[RBX] = HostSideBySide.MEMORY;
    one.registers()[RSI] = HostSideBySide.MEMORY + OPERAND + offset();
    favourEdges(one.memory());
    return one;
  }

  /// Legacy 16-byte operands are aligned, but for string comparisons.
  private int offset() {
    boolean aligned =
        !vex
            && !opcode.mnemonic().startsWith("PCMPEST")
            && !opcode.mnemonic().startsWith("PCMPIST");
    return aligned ? 16 * random.nextInt(4) : random.nextInt(64);
  }

  private boolean usesMemory() {
    if (uses("M")) {
      return true;
    }
    return uses("WQE") && random.nextBoolean();
  }

  /// Whether an operand's letter is among `letters`.
  private boolean uses(String letters) {
    return opcode.operands().stream().anyMatch(o -> letters.indexOf(o.charAt(0)) >= 0);
  }

  private void choose() {
    for (String operand : opcode.operands()) {
      switch (operand.charAt(0)) {
        case 'V' -> chosen[0] = random.nextInt(16);
        case 'P' -> chosen[0] = random.nextInt(8);
        case 'G' -> chosen[0] = anyGeneral();
        case 'W', 'U' -> chosen[1] = random.nextInt(16);
        case 'Q', 'N' -> chosen[1] = random.nextInt(8);
        case 'E', 'R' -> chosen[1] = anyGeneral();
        case 'H' -> chosen[2] = random.nextInt(16);
        case 'B' -> chosen[2] = anyGeneral();
        case 'L' -> chosen[3] = random.nextInt(16);
        default -> {}
      }
    }
  }

  private int anyGeneral() {
    return GENERAL[random.nextInt(GENERAL.length)];
  }

  /// Loads or stores register 0 and those of the vector operands.
  private void moveVectors(int offset, int wide, int narrow) {
    int at = offset;
    if (uses("VUWHL")) {
      vector(wide, 0, at);
    }
    for (String operand : opcode.operands()) {
      at += 0x20;
      switch (operand.charAt(0)) {
        case 'V' -> vector(wide, chosen[0], at);
        case 'W', 'U' -> vector(wide, chosen[1], at);
        case 'H' -> vector(wide, chosen[2], at);
        case 'L' -> vector(wide, chosen[3], at);
        case 'P' -> narrow(narrow, chosen[0], at);
        case 'Q', 'N' -> narrow(narrow, chosen[1], at);
        default -> {}
      }
    }
  }

  /// MOVUPS or VMOVUPS between a register and [rbx+offset].
  private void vector(int move, int register, int offset) {
    if (vex) {
      put(0xC5, (register > 7 ? 0 : 0x80) | 0x7C, move);
    } else {
      if (register > 7) {
        put(0x44);
      }
      put(0x0F, move);
    }
    put(0x83 | (register & 7) << 3);
    put32(offset);
  }

  private void narrow(int move, int register, int offset) {
    put(0x0F, move, 0x83 | register << 3);
    put32(offset);
  }

  private void instruction() {
    String[] tokens = opcode.encoding().split(" ", -1);
    int reg = chosen[0];
    for (String token : tokens) {
      if (token.length() == 2 && token.charAt(0) == '/' && token.charAt(1) != 'r') {
        reg = token.charAt(1) - '0';
      }
    }
    int rm = memory ? RSI : chosen[1];
    if (vex) {
      vexPrefix(tokens[0], reg, rm);
      put(Integer.parseInt(tokens[1], 16));
    } else {
      legacyOpcode(tokens, reg, rm);
    }
    put(memory ? (reg & 7) << 3 | RSI : 0xC0 | (reg & 7) << 3 | rm & 7);
    for (String token : tokens) {
      if (token.equals("ib")) {
        put(immediate());
      } else if (token.equals("is4")) {
        put(chosen[3] << 4 | random.nextInt(16));
      }
    }
  }

  private void vexPrefix(String token, int reg, int rm) {
    int map = token.contains("0F38") ? 2 : token.contains("0F3A") ? 3 : 1;
    int prefix =
        token.contains(".66.") ? 1 : token.contains(".F3.") ? 2 : token.contains(".F2.") ? 3 : 0;
    boolean w = token.endsWith(".W1") || !token.endsWith(".W0") && random.nextBoolean();
    boolean narrow = token.startsWith("VEX.128") || token.startsWith("VEX.LZ");
    boolean l = token.startsWith("VEX.256") || !narrow && random.nextBoolean();
    int vvvv = uses("HB") ? chosen[2] : 0;
    put(0xC4, (reg > 7 ? 0 : 0x80) | 0x40 | (rm > 7 ? 0 : 0x20) | map);
    put((w ? 0x80 : 0) | (~vvvv & 15) << 3 | (l ? 4 : 0) | prefix);
  }

  private void legacyOpcode(String[] tokens, int reg, int rm) {
    boolean free = uses("GR") && opcode.operands().stream().anyMatch(o -> o.endsWith("y"));
    int rex = (reg > 7 ? 4 : 0) | (rm > 7 ? 1 : 0) | (free && random.nextBoolean() ? 8 : 0);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String token : tokens) {
      switch (token) {
        case "REX.W" -> rex |= 8;
        case "66", "F2", "F3" -> {
          if (bytes.size() == 0) {
            put(Integer.parseInt(token, 16));
          } else {
            bytes.write(Integer.parseInt(token, 16));
          }
        }
        case "NP", "NFx", "ib" -> {}
        default -> {
          if (token.charAt(0) != '/') {
            bytes.write(Integer.parseInt(token, 16));
          }
        }
      }
    }
    if (opcode.mnemonic().startsWith("PCMPESTR") && random.nextBoolean()) {
      rex |= 8;
    }
    if (rex != 0) {
      put(0x40 | rex);
    }
    code.writeBytes(bytes.toByteArray());
  }

  private int immediate() {
    return random.nextInt(3) == 0 ? random.nextInt(40) : random.nextInt(256);
  }

  /// `seto [rbx+188H]; mov [rbx+180H],rax; lahf; and ah,defined; sahf; mov rax,[rbx+180H]`, if the
  /// table says that flags are undefined.
  private void clearUndefinedFlags() {
    int undefined = 0;
    for (String part : opcode.flags().split(" ", -1)) {
      if (part.startsWith("u=")) {
        undefined |= flags(part.substring(2));
      }
    }
    if (undefined == 0) {
      return;
    }
    put(0x0F, 0x90, 0x83);
    put32(OVERFLOW);
    put(0x48, 0x89, 0x83);
    put32(SAVED_RAX);
    put(0x9F, 0x80, 0xE4, ~undefined & 0xFF, 0x9E, 0x48, 0x8B, 0x83);
    put32(SAVED_RAX);
  }

  private static int flags(String letters) {
    int bits = 0;
    for (int k = 0; k < letters.length(); k++) {
      bits |=
          switch (letters.charAt(k)) {
            case 'S' -> Rflags.SF;
            case 'Z' -> Rflags.ZF;
            case 'A' -> Rflags.AF;
            case 'P' -> Rflags.PF;
            case 'C' -> Rflags.CF;
            default -> throw new AssertionError("cannot mask flag " + letters.charAt(k));
          };
    }
    return bits;
  }

  private long general(long any) {
    return switch (random.nextInt(6)) {
      case 0 -> any;
      case 1 -> any >> random.nextInt(64);
      case 2 -> any >>> random.nextInt(64);
      case 3 -> 1L << random.nextInt(64);
      case 4 -> random.nextInt(40) - 20L;
      default -> -(1L << random.nextInt(64));
    };
  }

  /// Equal, extreme and small elements; strings over few letters.
  private void favourEdges(byte[] bytes) {
    for (int from = 0; from < OUT; from += 0x20) {
      edges(bytes, from, 0x20);
    }
    edges(bytes, OPERAND, 0x80);
    if (random.nextInt(4) == 0) {
      System.arraycopy(bytes, 0x20, bytes, 0x40, 0x20);
      bytes[0x40 + random.nextInt(0x20)] ^= 1;
    }
  }

  private void edges(byte[] bytes, int from, int count) {
    int kind = random.nextInt(6);
    for (int k = from; k < from + count; k++) {
      switch (kind) {
        case 0 -> {}
        case 1 -> bytes[k] = (byte) (random.nextInt(8) == 0 ? 0 : 'a' + random.nextInt(3));
        case 2 -> bytes[k] = (byte) ((k & 1) != 0 ? 0 : random.nextInt(5));
        case 3 -> bytes[k] = (byte) (random.nextInt(64) == 0 ? 0 : 'a' + random.nextInt(2));
        default -> {
          switch (random.nextInt(5)) {
            case 0 -> bytes[k] = 0;
            case 1 -> bytes[k] = (byte) (random.nextBoolean() ? 0x7F : 0x80);
            case 2 -> bytes[k] = -1;
            default -> {}
          }
        }
      }
    }
  }

  private void put(int... bytes) {
    for (int b : bytes) {
      code.write(b);
    }
  }

  private void put32(int value) {
    put(value & 0xFF, value >> 8 & 0xFF, value >> 16 & 0xFF, value >> 24);
  }
}
