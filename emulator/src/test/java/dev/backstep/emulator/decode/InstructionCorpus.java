package dev.backstep.emulator.decode;

import dev.backstep.emulator.testing.VexPrefix;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/// Byte strings that reach every line of the opcode table: prefixes, the line's opcode, random
/// ModRM bytes and operands, then NOPs enough for a linear disassembler to fall into step again.
final class InstructionCorpus {
  private static final int[] PREFIXES = {0x66, 0x67, 0x2E, 0x3E, 0x64, 0xF0, 0xF2, 0xF3};
  private static final int NOPS = 15;
  private static final int TAIL = 10;
  private static final int NO_REG = -1;

  private final SplittableRandom random;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private InstructionCorpus(long seed) {
    random = new SplittableRandom(seed);
  }

  /// `perLine` cases of each line.
  static byte[] ofTable(long seed, int perLine, RexPrefixes rex) {
    InstructionCorpus corpus = new InstructionCorpus(seed);
    for (Opcode opcode : OpcodeTable.opcodes()) {
      for (int k = 0; k < perLine; k++) {
        corpus.add(opcode, rex);
      }
    }
    return corpus.out.toByteArray();
  }

  /// Whether REX prefixes may be made.
  enum RexPrefixes {
    SOMETIMES,
    NEVER
  }

  /// A VEX prefix with any registers, or, where it would be LES or LDS, with those that there are.
  private void addVex(Opcode opcode, RexPrefixes rexPrefixes) {
    List<String> tokens = OpcodeForm.split(opcode.encoding(), ' ');
    boolean few = rexPrefixes == RexPrefixes.NEVER;
    boolean named = opcode.operands().stream().anyMatch(o -> "HB".indexOf(o.charAt(0)) >= 0);
    int vvvv = named ? random.nextInt(few ? 8 : 16) : 0;
    int rxb = few ? 0 : random.nextInt(8);
    out.writeBytes(VexPrefix.of(tokens.get(0), rxb, vvvv, few ? 0 : bit(), bit()));
    out.write(byteOf(tokens.get(1)));
    boolean modrm = tokens.size() > 2;
    boolean literal = modrm && tokens.get(2).startsWith("/") && !tokens.get(2).equals("/r");
    operands(literal ? tokens.get(2).charAt(1) - '0' : NO_REG);
  }

  private int bit() {
    return random.nextInt(2);
  }

  private void add(Opcode opcode, RexPrefixes rexPrefixes) {
    if (VexPrefix.isVex(opcode.encoding())) {
      addVex(opcode, rexPrefixes);
      return;
    }
    List<Integer> prefixes = new ArrayList<>();
    if (random.nextInt(3) == 0) {
      prefixes.add(PREFIXES[random.nextInt(PREFIXES.length)]);
    }
    int rex = random.nextInt(3) == 0 ? 0x40 | random.nextInt(16) : 0;
    int reg = NO_REG;
    List<Integer> bytes = new ArrayList<>();
    for (String token : OpcodeForm.split(opcode.encoding(), ' ')) {
      switch (token) {
        case "o16" -> prefixes.add(0x66);
        case "a16", "a32" -> prefixes.add(0x67);
        case "o64", "REX.W" -> rex |= 0x48;
        case "REX.B" -> rex |= 0x41;
        case "NP", "NFx", "o32", "a64", "/r" -> {}
        case "ib", "iw", "iz", "iv", "cb", "cz", "cp" -> {}
        default -> {
          if (token.startsWith("/")) {
            reg = token.charAt(1) - '0';
          } else if (bytes.isEmpty() && isMandatoryPrefix(token)) {
            prefixes.add(byteOf(token));
          } else {
            bytes.add(byteOf(token) + (token.contains("+") ? random.nextInt(8) : 0));
          }
        }
      }
    }
    prefixes.forEach(out::write);
    if (rex != 0 && rexPrefixes == RexPrefixes.SOMETIMES) {
      out.write(rex);
    }
    bytes.forEach(out::write);
    operands(reg);
  }

  private void operands(int reg) {
    int modrm = random.nextInt(256);
    out.write(reg == NO_REG ? modrm : modrm & ~0x38 | reg << 3);
    for (int k = 0; k < TAIL; k++) {
      out.write(random.nextInt(4) == 0 ? 0 : random.nextInt(256));
    }
    for (int k = 0; k < NOPS; k++) {
      out.write(0x90);
    }
  }

  private static boolean isMandatoryPrefix(String token) {
    return token.equals("66") || token.equals("F2") || token.equals("F3");
  }

  private static int byteOf(String token) {
    return Integer.parseInt(token.substring(0, 2), 16);
  }
}
