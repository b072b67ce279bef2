package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// Checks, operands and results of vector instructions whose operands the spun code cannot fetch
/// for them. A vector is an array of four quadwords, the lowest first; those beyond its size are
/// zero.
final class VectorOperands {
  private VectorOperands() {}

  /// #UD or #NM unless the instruction, a legacy or VEX-encoded one on XMM or YMM registers, may
  /// run.
  static void require(Vcpu c, DecodedInstruction i) {
    if (i.isVex()) {
      VectorState.requireAvx(c);
    } else {
      VectorState.requireSse(c);
    }
  }

  /// Reads operand `k`: a vector or general register or memory. Of 16 bytes, memory must be aligned
  /// for legacy instructions.
  static void load(Vcpu c, DecodedInstruction i, int k, long[] into) {
    int operand = i.operand(k);
    int bytes = Operands.bytes(operand);
    int register = Operands.register(operand);
    switch (Operands.kind(operand)) {
      case Operands.XMM_REGISTER -> loadRegister(c.fpu, register, bytes, into);
      case Operands.MEMORY -> {
        long ea = i.effectiveAddress(c.gpr);
        if (bytes == 16 && !i.isVex()) {
          VectorState.requireAlignedOperand(c, i, ea);
        }
        loadMemory(c, i, ea, bytes, into);
      }
      case Operands.MMX_REGISTER -> set(into, c.fpu.significand[register], 0);
      default -> set(into, c.gpr[register] & mask(bytes), 0);
    }
  }

  /// Reads the first source of an instruction with an operand in VEX.vvvv, which is operand 0 where
  /// the encoding is legacy.
  static void loadFirst(Vcpu c, DecodedInstruction i, long[] into) {
    load(c, i, i.isVex() ? 1 : 0, into);
  }

  private static void loadRegister(FpuState fpu, int register, int bytes, long[] into) {
    long low = fpu.xmm[2 * register];
    if (bytes < 16) {
      set(into, low & mask(bytes), 0);
      return;
    }
    set(into, low, fpu.xmm[2 * register + 1]);
    if (bytes == 32) {
      into[2] = fpu.ymmHigh[2 * register];
      into[3] = fpu.ymmHigh[2 * register + 1];
    }
  }

  /// Reads 1 to 32 bytes, aligned or not.
  static void loadMemory(Vcpu c, DecodedInstruction i, long ea, int bytes, long[] into) {
    if (bytes < 8) {
      set(into, Memory.load(c, i.segment, ea, bytes) & mask(bytes), 0);
      return;
    }
    if (bytes > 8) {
      VectorState.checkAlignment(c, i, ea, bytes);
    }
    set(into, c.mmu.load64(i.segment, ea), 0);
    for (int lane = 1; lane < bytes / 8; lane++) {
      into[lane] = c.mmu.load64(i.segment, ea + 8L * lane & i.addressMask);
    }
  }

  /// Writes operand 0: a vector register, memory or a general register.
  static void store(Vcpu c, DecodedInstruction i, long[] from) {
    int bytes = Operands.bytes(i.operand0);
    switch (Operands.kind(i.operand0)) {
      case Operands.XMM_REGISTER -> storeRegister(c, i, i.register0, from);
      case Operands.MEMORY -> storeMemory(c, i, i.effectiveAddress(c.gpr), bytes, from);
      case Operands.MMX_REGISTER -> VectorState.storeMmx(c, i.register0, from[0]);
      default -> Registers.store(c, i.register0, bytes, from[0]);
    }
  }

  /// Writes a whole vector register: VEX-encoded instructions all of it, legacy ones the XMM part.
  static void storeRegister(Vcpu c, DecodedInstruction i, int register, long[] from) {
    VectorState.storeXmm(c, register, from[0], from[1]);
    if (i.isVex()) {
      c.fpu.ymmHigh[2 * register] = from[2];
      c.fpu.ymmHigh[2 * register + 1] = from[3];
    }
  }

  /// Writes 1 to 32 bytes, aligned or not; all of them or, with a fault, none.
  static void storeMemory(Vcpu c, DecodedInstruction i, long ea, int bytes, long[] from) {
    if (bytes <= 8) {
      Memory.store(c, i.segment, ea, bytes, from[0]);
      return;
    }
    VectorState.checkStoreAlignment(c, i, ea, 16, bytes);
    if (!VectorState.isInOneCell(c, i, ea, bytes)) {
      c.mmu.probeWrite(i.segment, ea, bytes);
    }
    for (int lane = 0; lane < bytes / 8; lane++) {
      c.mmu.store64(i.segment, ea + 8L * lane & i.addressMask, from[lane]);
    }
  }

  /// Bits 255:128 of a register become zero if the encoding is VEX.
  static void clearRest(Vcpu c, DecodedInstruction i, int register) {
    if (i.isVex()) {
      c.fpu.ymmHigh[2 * register] = 0;
      c.fpu.ymmHigh[2 * register + 1] = 0;
    }
  }

  private static void set(long[] into, long low, long high) {
    into[0] = low;
    into[1] = high;
    into[2] = 0;
    into[3] = 0;
  }

  private static long mask(int bytes) {
    return bytes >= 8 ? -1 : (1L << 8 * bytes) - 1;
  }
}
