package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// SSE4.1: single elements in and out of XMM registers, and the test of whole ones. SDM Vol. 2
/// "PINSRB/PINSRD/PINSRQ", "PEXTRB/PEXTRD/PEXTRQ", "INSERTPS", "EXTRACTPS", "PTEST". AVX has them,
/// too.
public final class Sse41Moves {
  private Sse41Moves() {}

  public static void pinsrb(Vcpu c, DecodedInstruction i) {
    insert(c, i, 1);
  }

  public static void pinsrd(Vcpu c, DecodedInstruction i) {
    insert(c, i, 4);
  }

  public static void pinsrq(Vcpu c, DecodedInstruction i) {
    insert(c, i, 8);
  }

  /// The element comes from the operand before the immediate.
  private static void insert(Vcpu c, DecodedInstruction i, int bytes) {
    VectorOperands.require(c, i);
    long[] result = c.fpu.scratchA;
    long[] source = c.fpu.scratchB;
    VectorOperands.load(c, i, i.isVex() ? 2 : 1, source);
    VectorOperands.loadFirst(c, i, result);
    int perLane = 8 / bytes;
    int index = (int) i.immediate & 2 * perLane - 1;
    int shift = 8 * bytes * (index % perLane);
    long mask = -1L >>> 64 - 8 * bytes << shift;
    int lane = index / perLane;
    result[lane] = result[lane] & ~mask | source[0] << shift & mask;
    VectorOperands.store(c, i, result);
  }

  public static void pextrb(Vcpu c, DecodedInstruction i) {
    extract(c, i, 1);
  }

  /// The SSE4.1 form, which may store to memory.
  public static void pextrw(Vcpu c, DecodedInstruction i) {
    extract(c, i, 2);
  }

  public static void pextrd(Vcpu c, DecodedInstruction i) {
    extract(c, i, 4);
  }

  public static void pextrq(Vcpu c, DecodedInstruction i) {
    extract(c, i, 8);
  }

  public static void extractps(Vcpu c, DecodedInstruction i) {
    extract(c, i, 4);
  }

  /// A general register gets the element zero-extended to all of its bits.
  private static void extract(Vcpu c, DecodedInstruction i, int bytes) {
    VectorOperands.require(c, i);
    int perLane = 8 / bytes;
    int index = (int) i.immediate & 2 * perLane - 1;
    long lane = c.fpu.xmm[2 * i.register1 + index / perLane];
    long element = lane >>> 8 * bytes * (index % perLane) & -1L >>> 64 - 8 * bytes;
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      Memory.store(c, i.segment, i.effectiveAddress(c.gpr), bytes, element);
      return;
    }
    c.gpr[i.register0] = element;
  }

  /// The immediate: element of a register source, 7 to 6; place, 5 to 4; elements to clear, 3 to 0.
  public static void insertps(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    int control = (int) i.immediate & 0xFF;
    long[] result = c.fpu.scratchA;
    long element;
    if (i.isMemory()) {
      element = c.mmu.load32(i.segment, i.effectiveAddress(c.gpr));
    } else {
      int source = i.isVex() ? Operands.register(i.operand2) : i.register1;
      element = c.fpu.xmm[2 * source + (control >> 7)] >>> 32 * (control >> 6 & 1);
    }
    VectorOperands.loadFirst(c, i, result);
    int place = control >> 4 & 3;
    for (int k = 0; k < 4; k++) {
      long mask = Registers.LOW_32 << 32 * (k & 1);
      if (k == place) {
        result[k >> 1] = result[k >> 1] & ~mask | element << 32 * (k & 1) & mask;
      }
      if ((control >> k & 1) != 0) {
        result[k >> 1] &= ~mask;
      }
    }
    VectorOperands.store(c, i, result);
  }

  /// ZF: no bit in common; CF: no bit of the second that the first lacks; the rest is cleared.
  public static void ptest(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    long[] a = c.fpu.scratchA;
    long[] b = c.fpu.scratchB;
    VectorOperands.load(c, i, 1, b);
    VectorOperands.load(c, i, 0, a);
    long common = a[0] & b[0] | a[1] & b[1] | a[2] & b[2] | a[3] & b[3];
    long lacking = ~a[0] & b[0] | ~a[1] & b[1] | ~a[2] & b[2] | ~a[3] & b[3];
    Rflags.setArithmetic(c, (common == 0 ? Rflags.ZF : 0) | (lacking == 0 ? Rflags.CF : 0));
  }
}
