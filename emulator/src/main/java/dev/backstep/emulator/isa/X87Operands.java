package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.floating.ExtendedNumber;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// How x87 instructions come by their operands and put down their results.
final class X87Operands {
  private static final int SINGLE = 24;
  private static final int DOUBLE = 53;

  private X87Operands() {}

  /// Loads the memory operand of an instruction of the blocks D8 (single precision), DA
  /// (doubleword), DC (double precision) and DE (word).
  static void load(Vcpu c, DecodedInstruction i, ExtendedNumber into) {
    long ea = i.effectiveAddress(c.gpr);
    switch (i.opcode.opcodeByte()) {
      case 0xD8 -> into.setNarrow(c.mmu.load32(i.segment, ea) & Registers.LOW_32, SINGLE);
      case 0xDC -> into.setNarrow(c.mmu.load64(i.segment, ea), DOUBLE);
      case 0xDA -> into.setInteger(c.mmu.load32(i.segment, ea));
      default -> into.setInteger(c.mmu.load16(i.segment, ea));
    }
  }

  /// Stores ten bytes, or faults and stores none.
  static void store80(Vcpu c, DecodedInstruction i, long ea, long low, int high) {
    c.mmu.loadForWrite64(i.segment, ea);
    c.mmu.probeWrite(i.segment, ea, 10);
    c.mmu.store64(i.segment, ea, low);
    c.mmu.store16(i.segment, ea + 8 & i.addressMask, high);
  }

  /// Begins an instruction that works on ST(0), the unit's a. False if the instruction has ended
  /// already: ST(0) is empty.
  static boolean beginUnary(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    if (X87Stack.isEmpty(fpu, fpu.top)) {
      if (X87Stack.underflow(fpu)) {
        X87Stack.storeIndefinite(fpu, fpu.top);
      }
      return false;
    }
    X87Stack.read(fpu, fpu.top, fpu.extended.a);
    return true;
  }

  /// Begins an instruction that works on ST(0), the unit's a, and ST(1), its b, and leaves a result
  /// in ST(0). False if it has ended already.
  static boolean beginBinary(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    int next = X87Stack.physical(fpu, 1);
    if (X87Stack.isEmpty(fpu, fpu.top) || X87Stack.isEmpty(fpu, next)) {
      if (X87Stack.underflow(fpu)) {
        X87Stack.storeIndefinite(fpu, fpu.top);
      }
      return false;
    }
    X87Stack.read(fpu, fpu.top, fpu.extended.a);
    X87Stack.read(fpu, next, fpu.extended.b);
    return true;
  }

  /// Begins an instruction that works on ST(0) and ST(1), leaves its result in ST(1) and pops.
  /// False if it has ended already.
  static boolean beginPopping(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    int next = X87Stack.physical(fpu, 1);
    if (X87Stack.isEmpty(fpu, fpu.top) || X87Stack.isEmpty(fpu, next)) {
      if (X87Stack.underflow(fpu)) {
        X87Stack.storeIndefinite(fpu, next);
        X87Stack.pop(fpu);
      }
      return false;
    }
    X87Stack.read(fpu, fpu.top, fpu.extended.a);
    X87Stack.read(fpu, next, fpu.extended.b);
    return true;
  }

  /// Begins an instruction that replaces ST(0) and pushes. False if it has ended already: ST(0) is
  /// empty or there is no room.
  static boolean beginPushing(Vcpu c, DecodedInstruction i) {
    X87Stack.enter(c, i);
    FpuState fpu = c.fpu;
    boolean empty = X87Stack.isEmpty(fpu, fpu.top);
    if (empty || !X87Stack.isEmpty(fpu, X87Stack.physical(fpu, 7))) {
      fpu.statusWord |= empty ? 0 : X87Stack.C1;
      if (X87Stack.underflow(fpu)) {
        X87Stack.storeIndefinite(fpu, fpu.top);
        fpu.top = fpu.top - 1 & 7;
        X87Stack.storeIndefinite(fpu, fpu.top);
      }
      return false;
    }
    X87Stack.read(fpu, fpu.top, fpu.extended.a);
    return true;
  }

  /// Puts the unit's result into ST(0), if there is one.
  static void replaceTop(FpuState fpu) {
    if (X87Stack.commit(fpu)) {
      X87Stack.write(fpu, fpu.top, fpu.extended.result);
    }
  }

  /// Puts the unit's result into ST(1), if there is one, and pops.
  static void replaceNextAndPop(FpuState fpu) {
    if (X87Stack.commit(fpu)) {
      X87Stack.write(fpu, X87Stack.physical(fpu, 1), fpu.extended.result);
      X87Stack.pop(fpu);
    }
  }

  /// Puts the unit's result into ST(0), if there is one, and pushes its second.
  static void replaceTopAndPush(FpuState fpu) {
    if (X87Stack.commit(fpu)) {
      X87Stack.write(fpu, fpu.top, fpu.extended.result);
      fpu.top = fpu.top - 1 & 7;
      X87Stack.write(fpu, fpu.top, fpu.extended.second);
    }
  }
}
