package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.Opcode.Attribute;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.SplittableRandom;

/// Makes random instructions, with register contents that fit them, from lines of the opcode table:
/// 64-bit mode, general registers but RSP, memory within [#MEMORY] only.
final class InstructionCases {
  /// Linear address in the middle of the memory that instructions may touch, at the end of a page.
  static final long MEMORY = HostCpu.SCRATCH + 0x2000;

  /// Bytes before and after [#MEMORY] that they may touch.
  static final int REACH = 0x180;

  private static final int RSP = 4;
  private static final int RSI = 6;
  private static final int RDI = 7;

  private final SplittableRandom random;
  private final long[] registers = new long[17];
  private final ByteArrayOutputStream tail = new ByteArrayOutputStream();
  private boolean wide;
  private boolean narrow;
  private boolean address32;
  private int rex;
  private boolean inMemory;

  /// One case. `registers` holds the flags at index 16.
  record Case(Opcode opcode, byte[] code, long[] registers, boolean inMemory) {}

  InstructionCases(long seed) {
    random = new SplittableRandom(seed);
  }

  Case next(List<Opcode> opcodes) {
    Opcode opcode = opcodes.get(random.nextInt(opcodes.size()));
    for (int k = 0; k < 16; k++) {
      registers[k] = value();
    }
    registers[16] = random.nextInt() & 0x8D5 | 0x202;
    address32 = random.nextInt(8) == 0;
    prepare(opcode);
    byte[] code = encode(opcode);
    return new Case(opcode, code, registers.clone(), inMemory);
  }

  /// Numbers at the edges of the widths more often than chance has them.
  private long value() {
    long any = random.nextLong();
    return switch (random.nextInt(6)) {
      case 0 -> any;
      case 1 -> any >> random.nextInt(64);
      case 2 -> any >>> random.nextInt(64);
      case 3 -> 1L << random.nextInt(64);
      case 4 -> (1L << random.nextInt(64)) - 1;
      default -> -(1L << random.nextInt(64));
    };
  }

  private byte[] encode(Opcode opcode) {
    tail.reset();
    rex = random.nextInt(3) == 0 ? 0 : 0x40 | random.nextInt(16);
    narrow = random.nextInt(4) == 0;
    inMemory = false;
    int mandatory = -1;
    int immediate = -1;
    String digit = "";
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String token : opcode.encoding().split(" ", -1)) {
      switch (token) {
        case "NP", "o32" -> narrow = false;
        case "NFx" -> {}
        case "o16" -> {
          narrow = true;
          rex &= ~8;
        }
        case "o64", "REX.W" -> rex |= 0x48;
        case "REX.B" -> rex |= 0x41;
        case "F2", "F3" -> mandatory = Integer.parseInt(token, 16);
        case "ib", "iw", "iz", "iv" -> immediate = token.charAt(1);
        default -> {
          if (token.startsWith("/")) {
            digit = token.substring(1);
          } else {
            plain(bytes, token);
          }
        }
      }
      if (token.equals("o32") || opcode.mnemonic().equals("CMPXCHG8B")) {
        rex &= ~8;
      }
    }
    wide = (rex & 8) != 0;
    if (!digit.isEmpty()) {
      modrm(opcode, digit);
    }
    if (opcode.operands().stream().anyMatch(o -> o.startsWith("O"))) {
      put(tail, MEMORY + random.nextInt(64) - 32, address32 ? 4 : 8);
    }
    immediate(immediate);
    return assemble(opcode, mandatory, bytes.toByteArray());
  }

  private void plain(ByteArrayOutputStream bytes, String token) {
    int plus = token.indexOf('+');
    int b = Integer.parseInt(plus < 0 ? token : token.substring(0, plus), 16);
    if (plus >= 0) {
      b += register(1);
    }
    bytes.write(b);
  }

  /// A register number for 3 bits that `rexBit` extends, which does not name RSP (or SPL).
  private int register(int rexBit) {
    int r = random.nextInt(8);
    return r == RSP && (rex & rexBit) == 0 ? 0 : r;
  }

  private void modrm(Opcode opcode, String digit) {
    int reg = digit.equals("r") ? register(4) : Integer.parseInt(digit);
    boolean memoryOnly =
        opcode.operands().stream().anyMatch(o -> o.startsWith("M"))
            || opcode.is(Attribute.MEMORY_ONLY);
    boolean registerOnly = opcode.operands().stream().anyMatch(o -> o.startsWith("R"));
    inMemory = memoryOnly || !registerOnly && random.nextInt(2) == 0;
    if (!inMemory) {
      tail.write(0xC0 | reg << 3 | register(1));
      return;
    }
    int full = (rex & 4) << 1 | reg;
    boolean bitString = opcode.mnemonic().startsWith("BT") && digit.equals("r");
    int base = otherThan(bitString ? full : -1, -1, 1);
    int index = otherThan(bitString ? full : -1, base, 2);
    int scale = random.nextInt(4);
    int displacement = (byte) random.nextInt();
    boolean indexed = random.nextInt(3) == 0;
    long at = MEMORY + random.nextInt(64) - 32;
    if (opcode.mnemonic().equals("CMPXCHG16B")) {
      at &= -16;
    }
    if (bitString) {
      registers[full] = random.nextLong(-512, 512);
    }
    if (indexed) {
      registers[index] = random.nextInt(1 << 20);
      at -= registers[index] << scale;
    }
    registers[base] = at - displacement;
    if (address32) {
      registers[base] = registers[base] & 0xFFFF_FFFFL | random.nextLong() << 32;
      registers[index] |= indexed ? random.nextLong() << 32 : 0;
    }
    if (indexed) {
      tail.write(0x44 | reg << 3);
      tail.write(scale << 6 | (index & 7) << 3 | base & 7);
    } else {
      tail.write(0x40 | reg << 3 | base & 7);
      if ((base & 7) == RSP) {
        tail.write(0x24);
        rex &= ~2;
      }
    }
    tail.write(displacement);
  }

  /// A full register number that the bit of REX as chosen allows, and that is neither RSP nor the
  /// given ones.
  private int otherThan(int a, int b, int rexBit) {
    while (true) {
      int r = random.nextInt(8) | ((rex & rexBit) != 0 ? 8 : 0);
      if (r != RSP && r != a && r != b) {
        return r;
      }
    }
  }

  private void immediate(int letter) {
    int bytes =
        switch (letter) {
          case 'b' -> 1;
          case 'w' -> 2;
          case 'z' -> narrow && !wide ? 2 : 4;
          case 'v' -> wide ? 8 : narrow ? 2 : 4;
          default -> 0;
        };
    put(tail, value(), bytes);
  }

  private static void put(ByteArrayOutputStream to, long value, int bytes) {
    for (int k = 0; k < bytes; k++) {
      to.write((int) (value >>> 8 * k));
    }
  }

  private byte[] assemble(Opcode opcode, int mandatory, byte[] bytes) {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    if (address32) {
      code.write(0x67);
    }
    if (narrow) {
      code.write(0x66);
    }
    if (opcode.is(Attribute.LOCK) && inMemory && random.nextInt(4) == 0) {
      code.write(0xF0);
    }
    if (mandatory >= 0) {
      code.write(mandatory);
    } else if (opcode.is(Attribute.REP) && random.nextBoolean()) {
      code.write(random.nextBoolean() ? 0xF3 : 0xF2);
    }
    if (rex != 0) {
      code.write(rex);
    }
    code.writeBytes(bytes);
    code.writeBytes(tail.toByteArray());
    return code.toByteArray();
  }

  /// Registers with a part of their own in the instruction.
  private void prepare(Opcode opcode) {
    switch (opcode.mnemonic()) {
      case "DIV" -> registers[2] = random.nextInt(3) == 0 ? registers[2] >>> 40 : 0;
      case "IDIV" -> {
        if (random.nextInt(4) != 0) {
          registers[2] = registers[0] >> 63;
        }
      }
      case "XLAT" -> registers[3] = extended(MEMORY - (registers[0] & 0xFF));
      default -> {
        if (opcode.is(Attribute.REP)) {
          registers[1] = extended(random.nextInt(6));
          registers[RSI] = extended(MEMORY + random.nextInt(64) - 32);
          registers[RDI] = extended(MEMORY + random.nextInt(64) - 32);
          registers[16] |= random.nextBoolean() ? 0x400 : 0;
        }
      }
    }
  }

  private long extended(long value) {
    return address32 ? value & 0xFFFF_FFFFL | random.nextLong() << 32 : value;
  }
}
