package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.floating.ExtendedNumber;
import dev.backstep.emulator.floating.FloatEnvironment;
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
  static final int EXCEPTIONS = 0x3F;
  static final int STACK_FAULT = 1 << 6;
  static final int ERROR_SUMMARY = 1 << 7;
  static final int C0 = 1 << 8;
  static final int C1 = 1 << 9;
  static final int C2 = 1 << 10;
  static final int C3 = 1 << 14;
  static final int CONDITIONS = C0 | C1 | C2 | C3;
  static final int BUSY = 1 << 15;
  static final int TOP_SHIFT = 11;
  static final int TOP_MASK = 7 << TOP_SHIFT;

  private X87Stack() {}

  /// Checks whether a waiting, non-control x87 instruction without a memory operand may run, and
  /// begins it.
  static void enter(Vcpu c, DecodedInstruction i) {
    check(c);
    begin(c, i);
  }

  /// Whether a waiting x87 instruction may run now.
  static void check(Vcpu c) {
    VectorState.requireX87(c);
    VectorState.requireNoPendingException(c);
  }

  /// Begins a non-control instruction, once its memory operand can no longer fault: notes its
  /// opcode and pointers, clears C1, sets up the environment it computes in.
  static void begin(Vcpu c, DecodedInstruction i) {
    beginStored(c, i);
    prepare(c.fpu);
  }

  /// Sets up the environment for an instruction that computes before it begins: a store, which can
  /// fault until it is done.
  static void prepare(FpuState fpu) {
    fpu.environment.beginX87(fpu.controlWord);
  }

  /// Begins an instruction that has computed, and stored, already.
  static void beginStored(Vcpu c, DecodedInstruction i) {
    note(c, i);
    c.fpu.statusWord &= ~C1;
  }

  /// Notes a non-control instruction's opcode and pointers. SDM Vol. 1 "x87 FPU Instruction and
  /// Data (Operand) Pointers", "Last Instruction Opcode".
  static void note(Vcpu c, DecodedInstruction i) {
    FpuState fpu = c.fpu;
    fpu.lastOpcode = (i.opcode.opcodeByte() & 7) << 8 | i.modrm & 0xFF;
    fpu.lastInstructionPointer = i.rip;
    fpu.lastInstructionSelector = c.segments[SegmentRegister.CS].selector;
    boolean onlyForExceptions = c.cpuid.keepsDataPointerForExceptions();
    fpu.hasOperandPointer = onlyForExceptions && i.isMemory();
    if (!i.isMemory()) {
      return;
    }
    long pointer = i.effectiveAddress(c.gpr);
    int selector = c.segments[i.segment].selector;
    if (onlyForExceptions) {
      fpu.operandPointer = pointer;
      fpu.operandSelector = selector;
      return;
    }
    fpu.lastDataPointer = pointer;
    fpu.lastDataSelector = selector;
  }

  /// Takes the contents of a register apart.
  static void read(FpuState fpu, int physical, ExtendedNumber into) {
    into.set(fpu.significand[physical], fpu.signExponent[physical]);
  }

  static void write(FpuState fpu, int physical, ExtendedNumber from) {
    store(fpu, physical, from.significand, from.signExponent);
  }

  /// Records what the environment met; false if that leaves no result.
  static boolean commit(FpuState fpu) {
    FloatEnvironment e = fpu.environment;
    fpu.statusWord |= e.roundedUp ? C1 : 0;
    raise(fpu, e.flags);
    return (e.flags & ~e.masks & FloatEnvironment.BEFORE_RESULT) == 0;
  }

  /// Whether a store to memory is to be done in spite of what the environment met: only a precision
  /// exception is reported after the store (SDM Vol. 1 "Numeric Overflow Exception (#O)").
  static boolean allowsStore(FpuState fpu) {
    FloatEnvironment e = fpu.environment;
    return (e.flags & ~e.masks & ~FloatEnvironment.INEXACT) == 0;
  }

  /// Records what a store met.
  static void commitStore(FpuState fpu, boolean empty) {
    if (empty) {
      underflow(fpu);
    } else {
      commit(fpu);
    }
  }

  /// Records that an operand's register is empty; true if that is masked, and the indefinite is the
  /// result.
  static boolean underflow(FpuState fpu) {
    return raise(fpu, INVALID | STACK_FAULT);
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
    store(
        fpu,
        physical,
        ExtendedNumber.INDEFINITE_SIGNIFICAND,
        ExtendedNumber.INDEFINITE_SIGN_EXPONENT);
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
      if (fpu.hasOperandPointer) {
        fpu.lastDataPointer = fpu.operandPointer;
        fpu.lastDataSelector = fpu.operandSelector;
      }
    }
    return masked;
  }

  /// Makes ES and B say whether an unmasked exception is recorded, after a load of either word.
  static void summarise(FpuState fpu) {
    boolean pending = (fpu.statusWord & ~fpu.controlWord & EXCEPTIONS) != 0;
    fpu.statusWord &= ~(ERROR_SUMMARY | BUSY);
    fpu.statusWord |= pending ? ERROR_SUMMARY | BUSY : 0;
    fpu.errorReported &= pending;
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
