package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// Moves to, from and between XMM and YMM registers. SDM Vol. 2 "MOVAPS" and the entries named.
public final class SseMoves {
  private SseMoves() {}

  /// MOVAPS, MOVAPD, MOVDQA and the non-temporal moves: memory must be aligned to its size.
  public static void movaps(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    if (i.isMemory()) {
      long ea = i.effectiveAddress(c.gpr);
      VectorState.requireAligned(c, i, ea, Operands.bytes(i.operand0));
      move(c, i, ea);
      return;
    }
    copy(c, i);
  }

  /// MOVUPS, MOVUPD, MOVDQU, LDDQU.
  public static void movups(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    if (i.isMemory()) {
      move(c, i, i.effectiveAddress(c.gpr));
      return;
    }
    copy(c, i);
  }

  private static void copy(Vcpu c, DecodedInstruction i) {
    long[] xmm = c.fpu.xmm;
    int to = 2 * i.register0;
    int from = 2 * i.register1;
    xmm[to] = xmm[from];
    xmm[to + 1] = xmm[from + 1];
    if (i.isVex()) {
      boolean wide = Operands.bytes(i.operand0) == 32;
      long[] high = c.fpu.ymmHigh;
      high[to] = wide ? high[from] : 0;
      high[to + 1] = wide ? high[from + 1] : 0;
    }
  }

  /// A vector between memory and a register.
  private static void move(Vcpu c, DecodedInstruction i, long ea) {
    long[] vector = c.fpu.scratchA;
    int bytes = Operands.bytes(i.operand0);
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      VectorOperands.load(c, i, 1, vector);
      VectorOperands.storeMemory(c, i, ea, bytes, vector);
      return;
    }
    VectorOperands.loadMemory(c, i, ea, bytes, vector);
    VectorOperands.storeRegister(c, i, i.register0, vector);
  }

  /// The low element of the source: what the scalar moves between registers put into the first
  /// source.
  public static long scalar(long a) {
    return a;
  }

  /// Between registers only the low doubleword moves; a load clears the rest.
  public static void movss(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    long[] xmm = c.fpu.xmm;
    if (!i.isMemory()) {
      long kept = xmm[2 * i.register0] & ~Registers.LOW_32;
      xmm[2 * i.register0] = kept | xmm[2 * i.register1] & Registers.LOW_32;
      return;
    }
    long ea = i.effectiveAddress(c.gpr);
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      c.mmu.store32(i.segment, ea, (int) xmm[2 * i.register1]);
      return;
    }
    long value = c.mmu.load32(i.segment, ea) & Registers.LOW_32;
    storeLow(c, i, value);
  }

  /// Between registers only the low quadword moves; a load clears the rest.
  public static void movsd(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    if (!i.isMemory()) {
      c.fpu.xmm[2 * i.register0] = c.fpu.xmm[2 * i.register1];
      return;
    }
    quadword(c, i);
  }

  /// MOVQ clears the high quadword in either case.
  public static void movq(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    if (!i.isMemory()) {
      storeLow(c, i, c.fpu.xmm[2 * i.register1]);
      return;
    }
    quadword(c, i);
  }

  private static void quadword(Vcpu c, DecodedInstruction i) {
    long ea = i.effectiveAddress(c.gpr);
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      c.mmu.store64(i.segment, ea, c.fpu.xmm[2 * i.register1]);
      return;
    }
    storeLow(c, i, c.mmu.load64(i.segment, ea));
  }

  /// Writes the low quadword of operand 0 and clears the rest.
  private static void storeLow(Vcpu c, DecodedInstruction i, long low) {
    VectorState.storeXmm(c, i.register0, low, 0);
    VectorOperands.clearRest(c, i, i.register0);
  }

  /// MOVLPS and MOVLPD from memory: the high quadword stays.
  public static void movlps(long[] d, long[] a, long[] b, int at) {
    d[at] = b[at];
    d[at + 1] = a[at + 1];
  }

  /// MOVHPS and MOVHPD from memory, and MOVLHPS: the low quadword stays.
  public static void movhps(long[] d, long[] a, long[] b, int at) {
    d[at] = a[at];
    d[at + 1] = b[at];
  }

  public static void movhlps(long[] d, long[] a, long[] b, int at) {
    d[at] = b[at + 1];
    d[at + 1] = a[at + 1];
  }

  /// MOVLPS and MOVLPD to memory.
  public static void movlpsStore(Vcpu c, DecodedInstruction i) {
    storeHalf(c, i, 0);
  }

  /// MOVHPS and MOVHPD to memory.
  public static void movhpsStore(Vcpu c, DecodedInstruction i) {
    storeHalf(c, i, 1);
  }

  private static void storeHalf(Vcpu c, DecodedInstruction i, int half) {
    VectorOperands.require(c, i);
    c.mmu.store64(i.segment, i.effectiveAddress(c.gpr), c.fpu.xmm[2 * i.register1 + half]);
  }

  public static void movddup(long[] d, long[] a, int at) {
    d[at] = a[at];
    d[at + 1] = a[at];
  }

  public static long movsldup(long a) {
    return a & Registers.LOW_32 | a << 32;
  }

  public static long movshdup(long a) {
    return a >>> 32 | a & ~Registers.LOW_32;
  }

  /// MOVD and its 64-bit form MOVQ: general register or memory, and XMM, zero-extended.
  public static void movd(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    if (Operands.kind(i.operand0) == Operands.XMM_REGISTER) {
      storeLow(c, i, loadGeneral(c, i));
      return;
    }
    storeGeneral(c, i, c.fpu.xmm[2 * i.register1]);
  }

  /// Operand 1 of MOVD, zero-extended.
  static long loadGeneral(Vcpu c, DecodedInstruction i) {
    int bytes = Operands.bytes(i.operand1);
    long value =
        i.isMemory()
            ? Memory.load(c, i.segment, i.effectiveAddress(c.gpr), bytes)
            : c.gpr[i.register1];
    return bytes == 8 ? value : value & Registers.LOW_32;
  }

  /// Operand 0 of MOVD.
  static void storeGeneral(Vcpu c, DecodedInstruction i, long value) {
    int bytes = Operands.bytes(i.operand0);
    if (i.isMemory()) {
      Memory.store(c, i.segment, i.effectiveAddress(c.gpr), bytes, value);
      return;
    }
    Registers.store(c, i.register0, bytes, value);
  }

  public static void movmskps(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    int from = 2 * i.register1;
    long signs = signsOfSingles(c.fpu.xmm[from]) | signsOfSingles(c.fpu.xmm[from + 1]) << 2;
    if (Operands.bytes(i.operand1) == 32) {
      signs |= signsOfSingles(c.fpu.ymmHigh[from]) << 4;
      signs |= signsOfSingles(c.fpu.ymmHigh[from + 1]) << 6;
    }
    c.gpr[i.register0] = signs;
  }

  private static long signsOfSingles(long lane) {
    return lane >>> 31 & 1 | lane >>> 63 << 1;
  }

  public static void movmskpd(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    int from = 2 * i.register1;
    long signs = c.fpu.xmm[from] >>> 63 | c.fpu.xmm[from + 1] >>> 63 << 1;
    if (Operands.bytes(i.operand1) == 32) {
      signs |= c.fpu.ymmHigh[from] >>> 63 << 2 | c.fpu.ymmHigh[from + 1] >>> 63 << 3;
    }
    c.gpr[i.register0] = signs;
  }

  /// Stores the bytes of operand 0 whose mask byte in operand 1 has its top bit set, at rDI.
  public static void maskmovdqu(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    checkMaskedStore(c, i, 16);
    for (int half = 0; half < 2; half++) {
      long mask = c.fpu.xmm[2 * i.register1 + half];
      storeMasked(c, i, 8 * half, c.fpu.xmm[2 * i.register0 + half], mask);
    }
  }

  /// All of the bytes must be writable even if none is selected: SDM Vol. 2 "MASKMOVDQU" leaves it
  /// open; this is what an AMD EPYC does.
  static void checkMaskedStore(Vcpu c, DecodedInstruction i, int bytes) {
    long ea = c.gpr[Vcpu.RDI] & i.addressMask;
    VectorState.checkStoreAlignment(c, i, ea, 8, bytes);
    c.mmu.probeWrite(i.segment, ea, bytes);
  }

  /// Stores up to eight bytes at rDI + `offset`.
  static void storeMasked(Vcpu c, DecodedInstruction i, int offset, long bytes, long mask) {
    for (int k = 0; k < 8; k++) {
      if ((mask >>> 8 * k & 0x80) != 0) {
        long ea = c.gpr[Vcpu.RDI] + offset + k & i.addressMask;
        c.mmu.store8(i.segment, ea, (int) (bytes >>> 8 * k));
      }
    }
  }

  public static void movq2dq(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    VectorState.requireMmx(c);
    VectorState.useMmx(c);
    VectorState.storeXmm(c, i.register0, c.fpu.significand[i.register1], 0);
  }

  public static void movdq2q(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    VectorState.requireMmx(c);
    VectorState.storeMmx(c, i.register0, c.fpu.xmm[2 * i.register1]);
  }
}
