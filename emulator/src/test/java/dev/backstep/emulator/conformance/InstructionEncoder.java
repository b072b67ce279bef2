package dev.backstep.emulator.conformance;

import dev.backstep.emulator.decode.Opcode;
import java.io.ByteArrayOutputStream;
import java.util.SplittableRandom;

/// Encodes any line of the opcode table with random operands and prefixes.
///
/// Registers that addresses are made of are *pinned*: their values in [#registers] are chosen here
/// and must be those before the case.
final class InstructionEncoder {
  private static final int RSP = 4;
  private static final int RBP = 5;

  /// Values of the general registers before the case.
  final long[] registers = new long[16];

  /// Registers that hold addresses, a bit each.
  int pinned;

  /// Whether pinned registers must not be named as operands, so that they last for a sequence.
  boolean keepPinned;

  boolean mode64 = true;

  private final SplittableRandom random;
  private final ByteArrayOutputStream tail = new ByteArrayOutputStream();
  private Opcode opcode;
  private int rex;
  private boolean rexAllowed;
  private boolean operandSize;
  private boolean addressSize;
  private boolean inMemory;
  private int vvvv;
  private int vectorIndex;
  private int ripRelativeAt;
  private long target;
  private long targetOfMemory;

  InstructionEncoder(SplittableRandom random, Opcode any) {
    this.random = random;
    this.opcode = any;
  }

  /// Linear address of the last instruction's memory operand, or 0.
  long memoryTarget() {
    return inMemory ? targetOfMemory : 0;
  }

  /// The bytes of a form.
  ///
  /// @param form what to encode
  /// @param rip linear address of its first byte
  /// @param memoryTarget linear address for its memory operand, if it comes to have one
  byte[] encode(Opcode form, long rip, long memoryTarget) {
    opcode = form;
    target = memoryTarget;
    targetOfMemory = memoryTarget;
    tail.reset();
    inMemory = false;
    vectorIndex = -1;
    ripRelativeAt = -1;
    operandSize = random.nextInt(5) == 0;
    addressSize = random.nextInt(mode64 ? 12 : 60) == 0;
    String[] tokens = form.encoding().split(" ", -1);
    byte[] code = tokens[0].startsWith("VEX") ? vexEncoded(tokens) : legacyEncoded(tokens);
    if (ripRelativeAt >= 0) {
      int at = code.length - (tail.size() - ripRelativeAt);
      put(code, at, (int) (target - rip - code.length));
    }
    return code;
  }

  private static void put(byte[] code, int at, int value) {
    for (int k = 0; k < 4; k++) {
      code[at + k] = (byte) (value >> 8 * k);
    }
  }

  // Legacy encodings.

  private byte[] legacyEncoded(String[] tokens) {
    rexAllowed = mode64;
    rex = mode64 && random.nextInt(3) == 0 ? 0x40 | random.nextInt(16) : 0;
    int mandatory = -1;
    boolean only32 = false;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    String modrm = "";
    int literal = -1;
    for (String token : tokens) {
      switch (token) {
        case "NP" -> operandSize = false;
        case "NFx" -> {}
        case "o16" -> {
          operandSize = true;
          rex &= ~8;
        }
        case "o32" -> {
          operandSize = false;
          only32 = true;
        }
        case "o64", "REX.W" -> rex |= 0x48;
        case "REX.B" -> rex |= 0x41;
        case "a16", "a32" -> addressSize = mode64 == token.equals("a32");
        case "a64" -> addressSize = false;
        case "66" -> {
          if (bytes.size() == 0) {
            operandSize = true;
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
            literal = Integer.parseInt(token.substring(0, 2), 16) + random.nextInt(8);
          } else if (token.endsWith("+r")) {
            bytes.write(Integer.parseInt(token.substring(0, 2), 16) + register(1, byteSized('Z')));
          } else if (opcodeIsComplete(bytes)) {
            literal = Integer.parseInt(token, 16);
          } else {
            bytes.write(Integer.parseInt(token, 16));
          }
        }
      }
    }
    if (only32) {
      rex &= ~8;
    }
    if (!modrm.isEmpty()) {
      modrm(modrm);
    } else if (literal >= 0) {
      tail.write(literal);
    }
    offset();
    for (String token : tokens) {
      immediate(token);
    }
    return assembled(mandatory, bytes.toByteArray());
  }

  /// Whether escapes and opcode byte are there, so that the next literal is ModRM.
  private static boolean opcodeIsComplete(ByteArrayOutputStream bytes) {
    byte[] b = bytes.toByteArray();
    if (b.length == 0 || b[0] != 0x0F) {
      return b.length == 1;
    }
    return b.length == (b.length > 1 && (b[1] == 0x38 || b[1] == 0x3A) ? 3 : 2);
  }

  private byte[] assembled(int mandatory, byte[] bytes) {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    if (random.nextInt(12) == 0) {
      segmentOverride(code);
    }
    if (addressSize) {
      code.write(0x67);
    }
    if (operandSize) {
      code.write(0x66);
    }
    boolean lockable = opcode.is(Opcode.Attribute.LOCK) && inMemory;
    if (lockable ? random.nextInt(4) == 0 : random.nextInt(400) == 0) {
      code.write(0xF0);
    }
    if (mandatory >= 0) {
      code.write(mandatory);
    } else if (opcode.is(Opcode.Attribute.REP) && random.nextInt(3) == 0) {
      code.write(random.nextBoolean() ? 0xF3 : 0xF2);
    }
    if (rex != 0) {
      code.write(rex);
    }
    code.writeBytes(bytes);
    code.writeBytes(tail.toByteArray());
    return code.toByteArray();
  }

  private void segmentOverride(ByteArrayOutputStream code) {
    int[] any = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    code.write(any[random.nextInt(any.length)]);
  }

  // VEX.

  private byte[] vexEncoded(String[] tokens) {
    operandSize = false;
    rexAllowed = mode64;
    rex = mode64 ? random.nextInt(16) & 7 : 0;
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
    l = l < 0 ? random.nextInt(2) : l;
    w = w < 0 ? random.nextInt(2) : w;
    rex |= w << 3;
    vvvv = 0;
    boolean usesVvvv = false;
    for (String operand : opcode.operands()) {
      char letter = operand.charAt(0);
      if (letter == 'H' || letter == 'B') {
        usesVvvv = true;
        vvvv = letter == 'H' ? random.nextInt(mode64 ? 16 : 8) : register(0, false);
      }
    }
    if (!usesVvvv && random.nextInt(100) == 0) {
      vvvv = random.nextInt(16);
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
      modrm(modrm);
    } else if (literal >= 0) {
      tail.write(literal);
    }
    for (String token : tokens) {
      if (token.equals("is4") || token.equals("/is4")) {
        tail.write((random.nextInt(mode64 ? 16 : 8) << 4) | random.nextInt(30) / 29 * 5);
      } else {
        immediate(token);
      }
    }
    return vexAssembled(map, pp, l, bytes.toByteArray());
  }

  private byte[] vexAssembled(int map, int pp, int l, byte[] bytes) {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    if (random.nextInt(12) == 0) {
      segmentOverride(code);
    }
    if (addressSize) {
      code.write(0x67);
    }
    if (random.nextInt(300) == 0) {
      // SDM Vol. 2 "VEX Prefix": any of these before it is #UD.
      int[] wrong = {0x66, 0xF2, 0xF3, 0xF0, 0x40};
      code.write(wrong[random.nextInt(mode64 ? 5 : 4)]);
    }
    int low = (~vvvv & 15) << 3 | l << 2 | pp;
    boolean three = map != 1 || (rex & 0xB) != 0 || random.nextInt(3) == 0;
    if (three) {
      code.write(0xC4);
      code.write((~rex & 7) << 5 | map);
      code.write((rex & 8) << 4 | low);
    } else {
      code.write(0xC5);
      code.write((~rex & 4) << 5 | low);
    }
    code.writeBytes(bytes);
    code.writeBytes(tail.toByteArray());
    return code.toByteArray();
  }

  // Operands.

  private boolean byteSized(char letter) {
    for (String operand : opcode.operands()) {
      if (operand.charAt(0) == letter) {
        return operand.equals(letter + "b");
      }
    }
    return false;
  }

  /// A number for three bits that `rexBit` extends. Where it names a general register, one that is
  /// not pinned, if pinned ones are to be kept.
  private int register(int rexBit, boolean bytes) {
    while (true) {
      int r = random.nextInt(8);
      int full = r;
      if (rexBit == 0) {
        full = mode64 ? random.nextInt(16) : r;
        r = full;
      } else {
        if (rexAllowed && random.nextInt(8) == 0) {
          rex ^= rexBit;
        }
        full |= rexAllowed && (rex & rexBit) != 0 ? 8 : 0;
      }
      boolean highByte = bytes && rex == 0 && r >= 4;
      int written = highByte ? r & 3 : full;
      boolean harmful = (pinned >> written & 1) != 0 || written == RSP;
      if (!keepPinned || !harmful) {
        rex |= rexAllowed && rex != 0 && rexBit != 0 && !isVex() ? 0x40 : 0;
        return r;
      }
    }
  }

  private boolean isVex() {
    return opcode.encoding().startsWith("VEX");
  }

  private static boolean isGeneral(char letter) {
    return "EGRZB".indexOf(letter) >= 0;
  }

  private void modrm(String digit) {
    boolean memoryOnly = opcode.is(Opcode.Attribute.MEMORY_ONLY);
    boolean registerOnly = opcode.is(Opcode.Attribute.REGISTER_ONLY);
    boolean generalRm = false;
    boolean generalReg = false;
    boolean vectorIndex = false;
    for (String operand : opcode.operands()) {
      char letter = operand.charAt(0);
      memoryOnly |= letter == 'M' || letter == 'v';
      registerOnly |= letter == 'R' || letter == 'U' || letter == 'N';
      generalRm |= letter == 'E' || letter == 'R';
      generalReg |= letter == 'G';
      vectorIndex |= letter == 'v';
    }
    boolean wrongForm = (memoryOnly || registerOnly) && random.nextInt(300) == 0;
    inMemory = wrongForm ? registerOnly : memoryOnly || !registerOnly && random.nextInt(2) == 0;
    int reg;
    if (!digit.equals("r")) {
      reg = Integer.parseInt(digit);
    } else if (generalReg) {
      reg = register(4, byteSized('G'));
    } else {
      reg = random.nextInt(8);
      rex = rexAllowed && random.nextInt(3) == 0 ? rex ^ 4 : rex;
      rex |= (rex & 4) != 0 && !isVex() ? 0x40 : 0;
    }
    if (inMemory) {
      if (addressSize && !mode64) {
        address16(reg);
      } else {
        address(reg, vectorIndex);
      }
      return;
    }
    int rm = generalRm ? register(1, byteSized('E')) : random.nextInt(8);
    tail.write(0xC0 | reg << 3 | rm);
  }

  private void address16(int reg) {
    int mod = random.nextInt(3);
    int rm = random.nextInt(8);
    tail.write(mod << 6 | reg << 3 | rm);
    int bytes = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
    bytes(random.nextLong(), bytes);
  }

  private void address(int reg, boolean vectorIndex) {
    if (!vectorIndex && isLow() && random.nextInt(10) == 0) {
      absolute(reg);
      return;
    }
    boolean indexed = vectorIndex || random.nextInt(4) == 0;
    int base = base(indexed);
    int baseNumber = base & 7;
    int index = indexed ? index(base, vectorIndex) : RSP;
    int scale = random.nextInt(4);
    long known = indexed && !vectorIndex ? registers[index] << scale : 0;
    long displacement = displacement(base, known);
    if ((pinned >> base & 1) == 0) {
      registers[base] = cut(target - displacement - known);
      pinned |= 1 << base;
    }
    int mod = displacement == 0 && baseNumber != RBP && random.nextBoolean() ? 0 : 2;
    if (mod != 0 && displacement == (byte) displacement && random.nextInt(4) != 0) {
      mod = 1;
    }
    boolean sib = indexed || baseNumber == RSP;
    tail.write(mod << 6 | reg << 3 | (sib ? RSP : baseNumber));
    if (sib) {
      tail.write(scale << 6 | (index & 7) << 3 | baseNumber);
    }
    bytes(displacement, mod == 0 ? 0 : mod == 1 ? 1 : 4);
  }

  private boolean isLow() {
    return target == (int) target && target > 0;
  }

  /// What a 32-bit address has in the upper half of its registers does not count.
  private long cut(long address) {
    return addressSize && mode64
        ? address & 0xFFFF_FFFFL | random.nextLong() << 32
        : mode64 ? address : address & 0xFFFF_FFFFL;
  }

  private void absolute(int reg) {
    if (mode64 && random.nextInt(3) != 0) {
      tail.write(5 | reg << 3);
      ripRelativeAt = tail.size();
    } else if (mode64) {
      tail.write(4 | reg << 3);
      tail.write(0x25);
      rex &= ~2;
    } else {
      tail.write(5 | reg << 3);
    }
    bytes(target, 4);
  }

  /// A base: one that is pinned and near the target, or a new one.
  private int base(boolean indexed) {
    for (int tries = 0; tries < 100; tries++) {
      int r = random.nextInt(8);
      if (rexAllowed && random.nextInt(4) == 0) {
        rex ^= 1;
      }
      int full = r | (rexAllowed && (rex & 1) != 0 ? 8 : 0);
      boolean isPinned = (pinned >> full & 1) != 0;
      boolean near = Math.abs(target - registers[full]) < 1L << 30;
      if (isPinned ? near : !keepPinned && full != RSP || full == RSP && near && !indexed) {
        rex |= (rex & 7) != 0 && !isVex() ? 0x40 : 0;
        return full;
      }
    }
    target = HostProcessor.DATA + 0x800;
    targetOfMemory = target;
    rex = rexAllowed ? rex & ~1 : rex;
    return RSP;
  }

  /// An index that is not the base, with a small value.
  private int index(int base, boolean vector) {
    while (true) {
      int r = random.nextInt(8);
      if (rexAllowed && random.nextInt(4) == 0) {
        rex ^= 2;
      }
      int full = r | (rexAllowed && (rex & 2) != 0 ? 8 : 0);
      if (vector) {
        vectorIndex = full;
        rex |= (rex & 7) != 0 && !isVex() ? 0x40 : 0;
        return full;
      }
      boolean isPinned = (pinned >> full & 1) != 0;
      if (full == RSP || full == base || keepPinned && !isPinned) {
        continue;
      }
      if (!isPinned) {
        registers[full] = random.nextInt(1 << 16);
        pinned |= 1 << full;
      }
      rex |= (rex & 7) != 0 && !isVex() ? 0x40 : 0;
      return full;
    }
  }

  private long displacement(int base, long index) {
    if ((pinned >> base & 1) == 0 && base != RSP) {
      return switch (random.nextInt(4)) {
        case 0 -> 0;
        case 1 -> random.nextInt();
        default -> (byte) random.nextInt();
      };
    }
    long exact = target - registers[base] - index;
    if (exact != (int) exact) {
      targetOfMemory = 0;
    }
    return (int) exact;
  }

  /// The address of a form that has it instead of ModRM.
  private void offset() {
    for (String operand : opcode.operands()) {
      if (operand.charAt(0) == 'O') {
        inMemory = true;
        bytes(target, mode64 ? addressSize ? 4 : 8 : addressSize ? 2 : 4);
      }
    }
  }

  private void immediate(String token) {
    switch (token) {
      case "ib" -> tail.write(smallImmediate());
      case "iw" -> bytes(random.nextInt(3) == 0 ? random.nextInt() : 8 * random.nextInt(20), 2);
      case "iz" -> bytes(BoundaryValues.integer(random), operandSize && (rex & 8) == 0 ? 2 : 4);
      case "iv" -> bytes(BoundaryValues.integer(random), (rex & 8) != 0 ? 8 : operandSize ? 2 : 4);
      case "cb" -> tail.write(random.nextInt(20) == 0 ? random.nextInt(64) : random.nextInt(24));
      case "cz" ->
          bytes(
              random.nextInt(20) == 0 ? random.nextInt() : random.nextInt(24),
              operandSize && !mode64 ? 2 : 4);
      case "cp" -> bytes(random.nextLong(), operandSize ? 4 : 6);
      default -> {}
    }
  }

  private int smallImmediate() {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(256);
      case 1 -> random.nextInt(8);
      case 2 -> (int) BoundaryValues.integer(random);
      default -> random.nextInt(70);
    };
  }

  private void bytes(long value, int count) {
    for (int k = 0; k < count; k++) {
      tail.write((int) (value >>> 8 * k));
    }
  }

  /// Number of the vector register that the last instruction takes indices from, or -1.
  int vectorIndex() {
    return vectorIndex;
  }
}
