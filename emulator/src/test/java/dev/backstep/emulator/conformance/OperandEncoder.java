package dev.backstep.emulator.conformance;

import dev.backstep.emulator.decode.Opcode;

/// Encodes ModRM, SIB and displacement: registers, or any form of address that comes to the draft's
/// target.
final class OperandEncoder {
  private static final int RSP = 4;
  private static final int RBP = 5;

  private final InstructionDraft d;

  OperandEncoder(InstructionDraft draft) {
    d = draft;
  }

  /// @param digit `r`, or what ModRM.reg must be
  void modrm(String digit) {
    boolean memoryOnly = d.opcode.is(Opcode.Attribute.MEMORY_ONLY);
    boolean registerOnly = d.opcode.is(Opcode.Attribute.REGISTER_ONLY);
    boolean generalRm = false;
    boolean generalReg = false;
    boolean gathers = false;
    for (String operand : d.opcode.operands()) {
      char letter = operand.charAt(0);
      memoryOnly |= letter == 'M' || letter == 'v';
      registerOnly |= letter == 'R' || letter == 'U' || letter == 'N';
      generalRm |= letter == 'E' || letter == 'R';
      generalReg |= letter == 'G';
      gathers |= letter == 'v';
    }
    boolean wrongForm = (memoryOnly || registerOnly) && d.random.nextInt(300) == 0;
    d.inMemory = wrongForm ? registerOnly : memoryOnly || !registerOnly && d.random.nextInt(2) == 0;
    int reg;
    if (!digit.equals("r")) {
      reg = Integer.parseInt(digit);
    } else if (generalReg) {
      reg = d.register(4, d.byteSized('G'));
    } else {
      reg = d.random.nextInt(8);
      d.rex = d.mode64 && d.random.nextInt(3) == 0 ? d.rex ^ 4 : d.rex;
      d.rex |= (d.rex & 4) != 0 && !d.isVex() ? 0x40 : 0;
    }
    if (d.inMemory) {
      if (d.addressSize && !d.mode64) {
        address16(reg);
      } else {
        address(reg, gathers);
      }
      return;
    }
    int rm = generalRm ? d.register(1, d.byteSized('E')) : d.random.nextInt(8);
    d.tail.write(0xC0 | reg << 3 | rm);
  }

  private void address16(int reg) {
    int mod = d.random.nextInt(3);
    int rm = d.random.nextInt(8);
    d.tail.write(mod << 6 | reg << 3 | rm);
    int bytes = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
    d.bytes(d.random.nextLong(), bytes);
  }

  private void address(int reg, boolean gathers) {
    if (!gathers && isLow() && d.random.nextInt(10) == 0) {
      absolute(reg);
      return;
    }
    boolean indexed = gathers || d.random.nextInt(4) == 0;
    int base = base(indexed);
    int baseNumber = base & 7;
    int index = indexed ? index(base, gathers) : RSP;
    int scale = d.random.nextInt(4);
    long known = indexed && !gathers ? d.registers[index] << scale : 0;
    long displacement = displacement(base, known);
    if ((d.pinned >> base & 1) == 0) {
      d.registers[base] = cut(d.target - displacement - known);
      d.pinned |= 1 << base;
    }
    int mod = displacement == 0 && baseNumber != RBP && d.random.nextBoolean() ? 0 : 2;
    if (mod != 0 && displacement == (byte) displacement && d.random.nextInt(4) != 0) {
      mod = 1;
    }
    boolean sib = indexed || baseNumber == RSP;
    d.tail.write(mod << 6 | reg << 3 | (sib ? RSP : baseNumber));
    if (sib) {
      d.tail.write(scale << 6 | (index & 7) << 3 | baseNumber);
    }
    d.bytes(displacement, mod == 0 ? 0 : mod == 1 ? 1 : 4);
  }

  private boolean isLow() {
    return d.target == (int) d.target && d.target > 0;
  }

  /// What a 32-bit address has in the upper half of its d.registers does not count.
  private long cut(long address) {
    return d.addressSize && d.mode64
        ? address & 0xFFFF_FFFFL | d.random.nextLong() << 32
        : d.mode64 ? address : address & 0xFFFF_FFFFL;
  }

  private void absolute(int reg) {
    if (d.mode64 && d.random.nextInt(3) != 0) {
      d.tail.write(5 | reg << 3);
      d.ripRelativeAt = d.tail.size();
    } else if (d.mode64) {
      d.tail.write(4 | reg << 3);
      d.tail.write(0x25);
      d.rex &= ~2;
    } else {
      d.tail.write(5 | reg << 3);
    }
    d.bytes(d.target, 4);
  }

  /// A base: one that is d.pinned and near the d.target, or a new one.
  private int base(boolean indexed) {
    for (int tries = 0; tries < 100; tries++) {
      int r = d.random.nextInt(8);
      if (d.mode64 && d.random.nextInt(4) == 0) {
        d.rex ^= 1;
      }
      int full = r | (d.mode64 && (d.rex & 1) != 0 ? 8 : 0);
      boolean isPinned = (d.pinned >> full & 1) != 0;
      boolean near = Math.abs(d.target - d.registers[full]) < 1L << 30;
      if (isPinned ? near : !d.keepPinned && full != RSP || full == RSP && near && !indexed) {
        d.rex |= (d.rex & 7) != 0 && !d.isVex() ? 0x40 : 0;
        return full;
      }
    }
    d.target = HostProcessor.DATA + 0x800;
    d.targetOfMemory = d.target;
    d.rex = d.mode64 ? d.rex & ~1 : d.rex;
    return RSP;
  }

  /// An index that is not the base, with a small value.
  private int index(int base, boolean vector) {
    while (true) {
      int r = d.random.nextInt(8);
      if (d.mode64 && d.random.nextInt(4) == 0) {
        d.rex ^= 2;
      }
      int full = r | (d.mode64 && (d.rex & 2) != 0 ? 8 : 0);
      if (vector) {
        d.vectorIndex = full;
        d.rex |= (d.rex & 7) != 0 && !d.isVex() ? 0x40 : 0;
        return full;
      }
      boolean isPinned = (d.pinned >> full & 1) != 0;
      if (full == RSP || full == base || d.keepPinned && !isPinned) {
        continue;
      }
      if (!isPinned) {
        d.registers[full] = d.random.nextInt(1 << 16);
        d.pinned |= 1 << full;
      }
      d.rex |= (d.rex & 7) != 0 && !d.isVex() ? 0x40 : 0;
      return full;
    }
  }

  private long displacement(int base, long index) {
    if ((d.pinned >> base & 1) == 0 && base != RSP) {
      return switch (d.random.nextInt(4)) {
        case 0 -> 0;
        case 1 -> d.random.nextInt();
        default -> (byte) d.random.nextInt();
      };
    }
    long exact = d.target - d.registers[base] - index;
    if (exact != (int) exact) {
      d.targetOfMemory = 0;
    }
    return (int) exact;
  }

  /// The address of a form that has it instead of ModRM.
  void offset() {
    for (String operand : d.opcode.operands()) {
      if (operand.charAt(0) == 'O') {
        d.inMemory = true;
        d.bytes(d.target, d.mode64 ? d.addressSize ? 4 : 8 : d.addressSize ? 2 : 4);
      }
    }
  }
}
