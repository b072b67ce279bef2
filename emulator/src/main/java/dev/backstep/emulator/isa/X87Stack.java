package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// The x87 register stack, status word and last-instruction pointers. SDM Vol. 1 "x87 FPU Execution
/// Environment".
///
/// ```
/// status  15 14 13..11 10 9  8  7  6  5  4  3  2  1  0        control  11..10 9..8 5..0
///         B  C3 TOP    C2 C1 C0 ES SF PE UE OE ZE DE IE                 RC     PC   masks
/// ```
final class X87Stack {
  static final int INVALID = 1;
  static final int DENORMAL = 1 << 1;
  static final int OVERFLOW = 1 << 3;
  static final int UNDERFLOW = 1 << 4;
  static final int PRECISION = 1 << 5;
  static final int EXCEPTIONS = 0x3F;
  static final int STACK_FAULT = 1 << 6;
  static final int ERROR_SUMMARY = 1 << 7;
  static final int C1 = 1 << 9;
  static final int BUSY = 1 << 15;
  static final int TOP_SHIFT = 11;
  static final int TOP_MASK = 7 << TOP_SHIFT;

  /// The default response to invalid operations: the QNaN floating-point indefinite.
  static final long INDEFINITE_SIGNIFICAND = 0xC000_0000_0000_0000L;

  static final int INDEFINITE_EXPONENT = 0xFFFF;

  private X87Stack() {}

  /// Checks and notes that a waiting, non-control x87 instruction begins: its opcode and pointers.
  static void begin(Vcpu c, DecodedInstruction i) {
    check(c);
    note(c, i);
  }

  /// Whether a waiting x87 instruction may run now.
  static void check(Vcpu c) {
    VectorState.requireX87(c);
    VectorState.requireNoPendingException(c);
  }

  /// Notes a non-control instruction's opcode and pointers, once its memory operand can no longer
  /// fault.
  static void note(Vcpu c, DecodedInstruction i) {
    FpuState fpu = c.fpu;
    fpu.lastOpcode = (i.opcode.opcodeByte() & 7) << 8 | i.modrm & 0xFF;
    fpu.lastInstructionPointer = i.rip;
    fpu.lastInstructionSelector = c.segments[SegmentRegister.CS].selector;
    if (i.isMemory()) {
      fpu.lastDataPointer = i.effectiveAddress(c.gpr);
      fpu.lastDataSelector = c.segments[i.segment].selector;
    }
  }

  /// The physical register that is ST(`k`).
  static int physical(FpuState fpu, int k) {
    return fpu.top + k & 7;
  }

  static boolean isEmpty(FpuState fpu, int physical) {
    return (fpu.tagValid >> physical & 1) == 0;
  }

  static void store(FpuState fpu, int physical, long significand, int signExponent) {
    fpu.significand[physical] = significand;
    fpu.signExponent[physical] = signExponent;
    fpu.tagValid |= 1 << physical;
  }

  static void storeIndefinite(FpuState fpu, int physical) {
    store(fpu, physical, INDEFINITE_SIGNIFICAND, INDEFINITE_EXPONENT);
  }

  static void pop(FpuState fpu) {
    fpu.tagValid &= ~(1 << fpu.top);
    fpu.top = fpu.top + 1 & 7;
  }

  /// Room for a push: the physical register that becomes ST(0), or -1 if it is taken and the
  /// invalid-operation exception is not masked. Masked, the register is given, to be filled with
  /// the indefinite.
  static int room(FpuState fpu) {
    int physical = fpu.top - 1 & 7;
    fpu.statusWord &= ~C1;
    if (isEmpty(fpu, physical)) {
      return physical;
    }
    fpu.statusWord |= C1;
    return raise(fpu, INVALID | STACK_FAULT) ? physical : -1;
  }

  /// Pushes a value, or the indefinite if the stack is full.
  static void push(FpuState fpu, long significand, int signExponent) {
    boolean full = !isEmpty(fpu, fpu.top - 1 & 7);
    int physical = room(fpu);
    if (physical < 0) {
      return;
    }
    fpu.top = physical;
    if (full) {
      storeIndefinite(fpu, physical);
      return;
    }
    store(fpu, physical, significand, signExponent);
  }

  /// Records exceptions; true if all of them are masked.
  static boolean raise(FpuState fpu, int exceptions) {
    fpu.statusWord |= exceptions;
    boolean masked = (exceptions & ~fpu.controlWord & EXCEPTIONS) == 0;
    if (!masked) {
      fpu.statusWord |= ERROR_SUMMARY | BUSY;
    }
    return masked;
  }

  /// Makes ES and B say whether an unmasked exception is recorded, after a load of either word.
  static void summarise(FpuState fpu) {
    boolean pending = (fpu.statusWord & ~fpu.controlWord & EXCEPTIONS) != 0;
    fpu.statusWord &= ~(ERROR_SUMMARY | BUSY);
    fpu.statusWord |= pending ? ERROR_SUMMARY | BUSY : 0;
  }

  /// The status word with TOP.
  static int status(FpuState fpu) {
    return fpu.statusWord | fpu.top << TOP_SHIFT;
  }

  static void setStatus(FpuState fpu, int word) {
    fpu.top = word >> TOP_SHIFT & 7;
    fpu.statusWord = word & 0xFFFF & ~TOP_MASK;
  }

  /// Bit 6 reads as one, bits 7 and 13 to 15 as zero.
  static void setControl(FpuState fpu, int word) {
    fpu.controlWord = word & 0x1F3F | 0x40;
  }

  /// The full tag word: two bits a register, 0 valid, 1 zero, 2 special, 3 empty. SDM Vol. 1 "x87
  /// FPU Tag Word".
  static int tagWord(FpuState fpu) {
    int word = 0;
    for (int k = 0; k < 8; k++) {
      word |= tag(fpu, k) << 2 * k;
    }
    return word;
  }

  private static int tag(FpuState fpu, int physical) {
    if (isEmpty(fpu, physical)) {
      return 3;
    }
    int exponent = fpu.signExponent[physical] & 0x7FFF;
    long significand = fpu.significand[physical];
    if (exponent == 0 && significand == 0) {
      return 1;
    }
    return exponent == 0 || exponent == 0x7FFF || significand >= 0 ? 2 : 0;
  }

  static void setTagWord(FpuState fpu, int word) {
    int valid = 0;
    for (int k = 0; k < 8; k++) {
      valid |= (word >> 2 * k & 3) == 3 ? 0 : 1 << k;
    }
    fpu.tagValid = valid;
  }
}
