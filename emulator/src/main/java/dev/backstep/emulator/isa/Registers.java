package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// General registers by operand and by width, for semantics that fetch and store by themselves. SDM
/// Vol. 1 "General-Purpose Registers in 64-Bit Mode": 32-bit results are zero-extended, narrower
/// ones merged.
final class Registers {
  static final long LOW_8 = 0xFF;
  static final long LOW_16 = 0xFFFF;
  static final long LOW_32 = 0xFFFF_FFFFL;

  private Registers() {}

  /// Stores to the GPR or high-byte operand `operand`.
  static void store(Vcpu c, int operand, long value) {
    int register = Operands.register(operand);
    if (Operands.kind(operand) == Operands.GPR_HIGH_BYTE) {
      c.gpr[register] = c.gpr[register] & ~0xFF00L | (value & LOW_8) << 8;
      return;
    }
    store(c, register, Operands.bytes(operand), value);
  }

  /// Stores the low `bytes` bytes of `value` to a register.
  static void store(Vcpu c, int register, int bytes, long value) {
    switch (bytes) {
      case 1 -> store8(c, register, value);
      case 2 -> store16(c, register, value);
      case 4 -> c.gpr[register] = value & LOW_32;
      default -> c.gpr[register] = value;
    }
  }

  static void store8(Vcpu c, int register, long value) {
    c.gpr[register] = c.gpr[register] & ~LOW_8 | value & LOW_8;
  }

  static void store16(Vcpu c, int register, long value) {
    c.gpr[register] = c.gpr[register] & ~LOW_16 | value & LOW_16;
  }

  static void store32(Vcpu c, int register, long value) {
    c.gpr[register] = value & LOW_32;
  }

  /// Stores to the part of a register that `mask` (FFFFH, FFFFFFFFH or all ones) covers: pointers
  /// of that address size.
  static void storeMasked(Vcpu c, int register, long value, long mask) {
    if (mask == LOW_16) {
      store16(c, register, value);
      return;
    }
    c.gpr[register] = value & mask;
  }
}
