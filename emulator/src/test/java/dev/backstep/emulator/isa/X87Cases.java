package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.isa.HostSideBySide.Sequence;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

/// Cases for x87 instructions: `frstor [rbx]`, the instruction, `fnsave [rbx+100H]`. The image that
/// is loaded has any control word, any TOP, some empty registers, and numbers near the edges; no
/// exception is pending in it. FNSAVE does not wait, so that unmasked exceptions show in the image
/// and raise nothing.
final class X87Cases {
  /// Where in the window things are.
  static final int IMAGE = 0;

  static final int OPERAND = 0x80;
  static final int SAVED = 0x100;
  static final int SECOND_IMAGE = 0x200;

  static final int IMAGE_BYTES = 108;
  private static final int REGISTERS = 28;
  private static final int STATUS = 4;
  private static final int TAGS = 8;
  private static final int RBX = 3;
  private static final int[] EXPONENTS = {
    0, 1, 2, 0x3FFE, 0x3FFF, 0x4000, 0x400D, 0x401D, 0x403A, 0x403D, 0x3F81, 0x407E, 0x3C01, 0x43FE,
    0x3FBF, 0x3F00, 0x7FFD, 0x7FFE, 0x7FFF, 0x2000, 0x6000, 0x403E
  };

  private final SplittableRandom random;
  private final ByteBuffer memory =
      ByteBuffer.allocate(HostSideBySide.WINDOW).order(ByteOrder.LITTLE_ENDIAN);
  private final ByteArrayOutputStream code = new ByteArrayOutputStream();

  X87Cases(SplittableRandom random) {
    this.random = random;
  }

  /// A case for `opcode`, with numbers of all kinds.
  Sequence next(Opcode opcode) {
    return next(opcode, false);
  }

  /// A case for `opcode` whose operands are mostly of usual sizes.
  Sequence nextUsual(Opcode opcode) {
    return next(opcode, true);
  }

  private Sequence next(Opcode opcode, boolean usual) {
    Sequence one =
        HostSideBySide.sequence(opcode.mnemonic() + opcode.operands(), code(opcode), random);
    memory.clear().put(one.memory());
    image(IMAGE, usual);
    image(SECOND_IMAGE, usual);
    operand(opcode);
    System.arraycopy(memory.array(), 0, one.memory(), 0, HostSideBySide.WINDOW);
    one.registers()[RBX] = HostSideBySide.MEMORY;
    return one;
  }

  /// Pointers are those of this machine: FIP, FCS and FDS are overwritten, in the image that is
  /// saved, too.
  private byte[] code(Opcode opcode) {
    code.reset();
    put("DD 23");
    instruction(opcode);
    put("DD B3 00 01 00 00");
    put("C7 83 0C 01 00 00 00 00 00 00 66 C7 83 10 01 00 00 00 00 C7 83 18 01 00 00 00 00 00 00");
    return code.toByteArray();
  }

  private void instruction(Opcode opcode) {
    boolean state = opcode.operands().contains("Mfenv") || opcode.operands().contains("Mfsave");
    if (state && random.nextBoolean()) {
      code.write(0x66);
    }
    for (String token : opcode.encoding().split(" ", -1)) {
      if (token.startsWith("/")) {
        boolean image = opcode.operands().contains("Mfsave") || opcode.mnemonic().equals("FLDENV");
        code.write(0x83 | Integer.parseInt(token.substring(1)) << 3);
        int at = image ? SECOND_IMAGE : OPERAND;
        code.write(at);
        code.write(at >> 8);
        code.write(0);
        code.write(0);
      } else if (token.endsWith("+i")) {
        code.write(Integer.parseInt(token.substring(0, 2), 16) + random.nextInt(8));
      } else {
        code.write(Integer.parseInt(token, 16));
      }
    }
  }

  private void put(String hex) {
    code.writeBytes(HostCpu.bytes(hex));
  }

  private void image(int at, boolean usual) {
    int control = random.nextInt() & 0xF3F;
    if (random.nextInt(3) == 0) {
      control |= 0x3F;
    } else if (random.nextInt(3) == 0) {
      control = control | 0x3F ^ 1 << random.nextInt(6);
    }
    if (random.nextBoolean()) {
      control |= 0x300;
    }
    memory.putInt(at, control | 0xFFFF_0040);
    int sticky = random.nextInt() & control & 0x3F | random.nextInt() & 0x40;
    memory.putInt(at + STATUS, random.nextInt() & 0x7F00 | sticky | 0xFFFF_0000);
    int tags = 0;
    for (int k = 0; k < 16; k += 2) {
      tags |= random.nextInt(usual ? 20 : 6) == 0 ? 3 << k : 0;
    }
    memory.putInt(at + TAGS, tags | 0xFFFF_0000);
    if (random.nextInt(4) > 0) {
      makeRoom(at, tags);
    }
    for (int k = 0; k < 8; k++) {
      number(at + REGISTERS + 10 * k, usual);
    }
    if (random.nextInt(3) == 0) {
      neighbour(at + REGISTERS);
    }
  }

  /// Empties ST(7), and fills ST(0) and ST(1).
  private void makeRoom(int at, int tags) {
    int top = memory.getShort(at + STATUS) >> 11 & 7;
    int filled = tags & ~(3 << 2 * top) & ~(3 << 2 * (top + 1 & 7)) | 3 << 2 * (top + 7 & 7);
    memory.putInt(at + TAGS, filled | 0xFFFF_0000);
  }

  /// Makes ST(1) like ST(0), but for a few low bits or the exponent.
  private void neighbour(int st0) {
    long significand = memory.getLong(st0);
    int exponent = memory.getShort(st0 + 8);
    int kind = random.nextInt(4);
    memory.putLong(st0 + 10, kind == 0 ? significand : significand + random.nextInt(5) - 2);
    int other = kind < 2 ? exponent : exponent + random.nextInt(140) - 70;
    memory.putShort(st0 + 18, (short) (random.nextBoolean() ? other : other ^ 0x8000));
  }

  private void number(int at, boolean usual) {
    long significand = significand();
    int exponent = EXPONENTS[random.nextInt(EXPONENTS.length)] + random.nextInt(5) - 2;
    int choice = random.nextInt(usual ? 8 : 4);
    if (choice == 0) {
      exponent = random.nextInt();
    } else if (choice != 1) {
      exponent = 0x3FFF + random.nextInt(140) - 70;
    }
    if (random.nextInt(usual ? 60 : 12) == 0) {
      significand &= Long.MAX_VALUE;
    }
    if (random.nextInt(usual ? 60 : 16) == 0) {
      significand = 0;
      exponent = random.nextInt(3) == 0 ? exponent : 0;
    }
    memory.putLong(at, significand);
    memory.putShort(at + 8, (short) (exponent & 0x7FFF | random.nextInt() & 0x8000));
  }

  /// With the integer bit; many have few ones or few zeros.
  private long significand() {
    long bits = random.nextLong();
    long mask = -1L << random.nextInt(64);
    return switch (random.nextInt(6)) {
          case 0 -> bits & mask;
          case 1 -> bits | ~mask;
          case 2 -> bits << 40 >> random.nextInt(64);
          case 3 -> mask << random.nextInt(64);
          default -> bits;
        }
        | Long.MIN_VALUE;
  }

  private void operand(Opcode opcode) {
    number(OPERAND, random.nextBoolean());
    String operands = String.join(",", opcode.operands());
    boolean integer = opcode.mnemonic().startsWith("FI");
    if (opcode.mnemonic().startsWith("FB")) {
      for (int k = 0; k < 9; k++) {
        boolean digits = random.nextInt(20) > 0;
        int tens = random.nextInt(digits ? 10 : 16);
        memory.put(OPERAND + k, (byte) (tens << 4 | random.nextInt(10)));
      }
      memory.put(OPERAND + 9, (byte) random.nextInt());
    } else if (integer) {
      memory.putLong(OPERAND, random.nextInt(4) == 0 ? random.nextInt(5) - 2 : significand());
    } else if (operands.equals("Md")) {
      narrow(23, 8);
    } else if (operands.equals("Mq")) {
      narrow(52, 11);
    } else if (operands.equals("Mw")) {
      // A control word must leave no exception pending: the next instruction would wait for it.
      memory.putShort(OPERAND, (short) (random.nextInt() | 0x3F));
    }
  }

  private void narrow(int fractionBits, int exponentBits) {
    int largest = (1 << exponentBits) - 1;
    long exponent =
        switch (random.nextInt(5)) {
          case 0 -> random.nextInt(3);
          case 1 -> largest - random.nextInt(3);
          case 2 -> random.nextInt(largest + 1);
          default -> largest / 2 + random.nextInt(40) - 20;
        };
    long fraction = random.nextInt(4) == 0 ? 0 : significand() << 1 >>> 64 - fractionBits;
    long sign = random.nextInt(2);
    memory.putLong(
        OPERAND,
        sign << fractionBits + exponentBits | (exponent & largest) << fractionBits | fraction);
  }

  /// Byte order of the images.
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
}
