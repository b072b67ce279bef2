package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Loads and stores of those elements that a mask selects, one after the other: VMASKMOV, VPMASKMOV
/// and the gathers. What the mask leaves out is not accessed and cannot fault. SDM Vol. 2
/// "VMASKMOV", "VPGATHERDD/VPGATHERQD".
public final class AvxMemory {
  private AvxMemory() {}

  /// VMASKMOVPS and VPMASKMOVD from memory: operand 1 is the mask, the rest becomes zero.
  public static void loadDoublewords(Vcpu c, DecodedInstruction i) {
    load(c, i, 4);
  }

  /// VMASKMOVPD and VPMASKMOVQ from memory.
  public static void loadQuadwords(Vcpu c, DecodedInstruction i) {
    load(c, i, 8);
  }

  private static void load(Vcpu c, DecodedInstruction i, int size) {
    VectorState.requireAvx(c);
    long[] mask = c.fpu.scratchA;
    long[] d = c.fpu.scratchD;
    VectorOperands.load(c, i, 1, mask);
    long ea = i.effectiveAddress(c.gpr);
    for (int k = 0; k < 4; k++) {
      d[k] = 0;
    }
    for (int k = 0; k < Operands.bytes(i.operand0) / size; k++) {
      if (isSelected(mask, k, size)) {
        set(d, k, size, loadUnaligned(c, i, ea + (long) k * size & i.addressMask, size));
      }
    }
    VectorOperands.storeRegister(c, i, i.register0, d);
  }

  /// VMASKMOVPS and VPMASKMOVD to memory.
  public static void storeDoublewords(Vcpu c, DecodedInstruction i) {
    store(c, i, 4);
  }

  /// VMASKMOVPD and VPMASKMOVQ to memory.
  public static void storeQuadwords(Vcpu c, DecodedInstruction i) {
    store(c, i, 8);
  }

  /// All elements that are selected, or, if one of them faults, none.
  private static void store(Vcpu c, DecodedInstruction i, int size) {
    VectorState.requireAvx(c);
    long[] mask = c.fpu.scratchA;
    long[] from = c.fpu.scratchB;
    VectorOperands.load(c, i, 1, mask);
    VectorOperands.load(c, i, 2, from);
    long ea = i.effectiveAddress(c.gpr);
    int count = Operands.bytes(i.operand0) / size;
    for (int k = 0; k < count; k++) {
      if (isSelected(mask, k, size)) {
        c.mmu.probeWrite(i.segment, ea + (long) k * size & i.addressMask, size);
      }
    }
    for (int k = 0; k < count; k++) {
      if (isSelected(mask, k, size)) {
        long at = ea + (long) k * size & i.addressMask;
        storeUnaligned(c, i, at, size, element(from, k, size));
      }
    }
  }

  /// An element that may lie anywhere even where alignment is checked. SDM Vol. 2 "VMASKMOV": no
  /// #AC.
  private static long loadUnaligned(Vcpu c, DecodedInstruction i, long ea, int size) {
    if (!c.flag(Rflags.AC)) {
      return Memory.load(c, i.segment, ea, size);
    }
    long value = 0;
    for (int k = 0; k < size; k++) {
      value |= (c.mmu.load8(i.segment, ea + k & i.addressMask) & 0xFFL) << 8 * k;
    }
    return value;
  }

  private static void storeUnaligned(Vcpu c, DecodedInstruction i, long ea, int size, long value) {
    if (!c.flag(Rflags.AC)) {
      Memory.store(c, i.segment, ea, size, value);
      return;
    }
    for (int k = 0; k < size; k++) {
      c.mmu.store8(i.segment, ea + k & i.addressMask, (int) (value >>> 8 * k));
    }
  }

  /// Gathers with indices of 32 bits, sign-extended.
  public static void gatherByDoublewords(Vcpu c, DecodedInstruction i) {
    gather(c, i, 4);
  }

  /// Gathers with indices of 64 bits.
  public static void gatherByQuadwords(Vcpu c, DecodedInstruction i) {
    gather(c, i, 8);
  }

  /// An element that was loaded is in the destination, and the mask of all up to it is zero,
  /// whatever the next one meets: the instruction goes on from there when it is restarted. In the
  /// end the mask is zero, and so is the destination above the elements. (What a fault leaves of
  /// the mask of elements that were not due yet is as on an AMD EPYC.)
  private static void gather(Vcpu c, DecodedInstruction i, int indexSize) {
    VectorState.requireAvx(c);
    int vector = i.register1;
    if (vector == i.register0 || vector == i.register2 || i.register0 == i.register2) {
      throw c.fault.undefinedOpcode();
    }
    int size = Operands.bytes(i.operand1);
    int count = Operands.bytes(i.operand0) / size;
    long[] d = c.fpu.scratchD;
    long[] mask = c.fpu.scratchA;
    long[] index = c.fpu.scratchB;
    whole(c, i.register0, d);
    whole(c, i.register2, mask);
    whole(c, vector, index);
    long base = i.effectiveAddress(c.gpr);
    for (int k = 0; k < count; k++) {
      if (isSelected(mask, k, size)) {
        long ea = base + (element(index, k, indexSize) << i.scaleShift) & i.addressMask;
        set(d, k, size, loadUnaligned(c, i, ea, size));
        VectorOperands.storeRegister(c, i, i.register0, d);
      }
      set(mask, k, size, 0);
      VectorOperands.storeRegister(c, i, i.register2, mask);
    }
    clearFrom(d, count * size);
    clearFrom(mask, 0);
    VectorOperands.storeRegister(c, i, i.register0, d);
    VectorOperands.storeRegister(c, i, i.register2, mask);
  }

  private static void whole(Vcpu c, int register, long[] into) {
    into[0] = c.fpu.xmm[2 * register];
    into[1] = c.fpu.xmm[2 * register + 1];
    into[2] = c.fpu.ymmHigh[2 * register];
    into[3] = c.fpu.ymmHigh[2 * register + 1];
  }

  private static void clearFrom(long[] vector, int byteIndex) {
    for (int lane = byteIndex / 8; lane < 4; lane++) {
      vector[lane] = 0;
    }
  }

  private static boolean isSelected(long[] mask, int k, int size) {
    return element(mask, k, size) < 0;
  }

  /// Element `k` of 4 or 8 bytes, sign-extended.
  private static long element(long[] vector, int k, int size) {
    return size == 8 ? vector[k] : (int) (vector[k >> 1] >>> 32 * (k & 1));
  }

  private static void set(long[] vector, int k, int size, long value) {
    if (size == 8) {
      vector[k] = value;
      return;
    }
    int shift = 32 * (k & 1);
    long others = vector[k >> 1] & ~(Registers.LOW_32 << shift);
    vector[k >> 1] = others | (value & Registers.LOW_32) << shift;
  }
}
