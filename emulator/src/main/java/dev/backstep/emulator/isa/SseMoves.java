package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.Vcpu;

/// Moves to, from and between XMM registers, and the floating-point logic and shuffles that do not
/// care what the bits mean. SDM Vol. 2 "MOVAPS" and the entries named.
public final class SseMoves {
  private SseMoves() {}

  /// MOVAPS, MOVAPD, MOVDQA and the non-temporal stores: 16 aligned bytes, within one page.
  public static void movaps(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    if (i.isMemory()) {
      long ea = i.effectiveAddress(c.gpr);
      VectorState.requireAligned16(c, i, ea);
      move(c, i, ea);
      return;
    }
    copy(c, i);
  }

  /// MOVUPS, MOVUPD, MOVDQU, LDDQU.
  public static void movups(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    if (i.isMemory()) {
      long ea = i.effectiveAddress(c.gpr);
      if (Operands.kind(i.operand0) == Operands.MEMORY && (ea & 15) != 0) {
        c.mmu.probeWrite(i.segment, ea, 16);
      }
      move(c, i, ea);
      return;
    }
    copy(c, i);
  }

  private static void copy(Vcpu c, DecodedInstruction i) {
    VectorState.storeXmm(
        c, i.register0, c.fpu.xmm[2 * i.register1], c.fpu.xmm[2 * i.register1 + 1]);
  }

  private static void move(Vcpu c, DecodedInstruction i, long ea) {
    long next = ea + 8 & i.addressMask;
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      c.mmu.store64(i.segment, ea, c.fpu.xmm[2 * i.register1]);
      c.mmu.store64(i.segment, next, c.fpu.xmm[2 * i.register1 + 1]);
      return;
    }
    long low = c.mmu.load64(i.segment, ea);
    VectorState.storeXmm(c, i.register0, low, c.mmu.load64(i.segment, next));
  }

  /// Between registers only the low doubleword moves; a load clears the rest.
  public static void movss(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
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
    VectorState.storeXmm(c, i.register0, value, 0);
  }

  /// Between registers only the low quadword moves; a load clears the rest.
  public static void movsd(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    if (!i.isMemory()) {
      c.fpu.xmm[2 * i.register0] = c.fpu.xmm[2 * i.register1];
      return;
    }
    quadword(c, i);
  }

  /// MOVQ clears the high quadword in either case.
  public static void movq(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    if (!i.isMemory()) {
      VectorState.storeXmm(c, i.register0, c.fpu.xmm[2 * i.register1], 0);
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
    VectorState.storeXmm(c, i.register0, c.mmu.load64(i.segment, ea), 0);
  }

  /// MOVLPS and MOVLPD: memory and the low quadword; the other stays.
  public static void movlps(Vcpu c, DecodedInstruction i) {
    moveHalf(c, i, 0);
  }

  /// MOVHPS and MOVHPD: memory and the high quadword.
  public static void movhps(Vcpu c, DecodedInstruction i) {
    moveHalf(c, i, 1);
  }

  private static void moveHalf(Vcpu c, DecodedInstruction i, int half) {
    VectorState.requireSse(c);
    long ea = i.effectiveAddress(c.gpr);
    if (Operands.kind(i.operand0) == Operands.MEMORY) {
      c.mmu.store64(i.segment, ea, c.fpu.xmm[2 * i.register1 + half]);
      return;
    }
    c.fpu.xmm[2 * i.register0 + half] = c.mmu.load64(i.segment, ea);
  }

  public static void movhlps(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    c.fpu.xmm[2 * i.register0] = c.fpu.xmm[2 * i.register1 + 1];
  }

  public static void movlhps(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    c.fpu.xmm[2 * i.register0 + 1] = c.fpu.xmm[2 * i.register1];
  }

  public static void movddup(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long value =
        i.isMemory()
            ? c.mmu.load64(i.segment, i.effectiveAddress(c.gpr))
            : c.fpu.xmm[2 * i.register1];
    VectorState.storeXmm(c, i.register0, value, value);
  }

  public static void movsldup(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long low = VectorState.sourceLow(c, i) & Registers.LOW_32;
    long high = VectorState.sourceHigh(c, i) & Registers.LOW_32;
    VectorState.storeXmm(c, i.register0, low | low << 32, high | high << 32);
  }

  public static void movshdup(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long low = VectorState.sourceLow(c, i) >>> 32;
    long high = VectorState.sourceHigh(c, i) >>> 32;
    VectorState.storeXmm(c, i.register0, low | low << 32, high | high << 32);
  }

  /// MOVD and its 64-bit form MOVQ: general register or memory, and XMM, zero-extended.
  public static void movd(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    if (Operands.kind(i.operand0) == Operands.XMM_REGISTER) {
      VectorState.storeXmm(c, i.register0, loadGeneral(c, i), 0);
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
    VectorState.requireSse(c);
    long low = c.fpu.xmm[2 * i.register1];
    long high = c.fpu.xmm[2 * i.register1 + 1];
    c.gpr[i.register0] =
        low >>> 31 & 1 | low >>> 63 << 1 | (high >>> 31 & 1) << 2 | high >>> 63 << 3;
  }

  public static void movmskpd(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long low = c.fpu.xmm[2 * i.register1];
    c.gpr[i.register0] = low >>> 63 | c.fpu.xmm[2 * i.register1 + 1] >>> 63 << 1;
  }

  /// Stores the bytes of operand 0 whose mask byte in operand 1 has its top bit set, at rDI.
  public static void maskmovdqu(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    for (int half = 0; half < 2; half++) {
      long mask = c.fpu.xmm[2 * i.register1 + half];
      storeMasked(c, i, 8 * half, c.fpu.xmm[2 * i.register0 + half], mask);
    }
  }

  /// Stores up to eight bytes at rDI + `offset`. Bytes that another fault makes it repeat are the
  /// same.
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

  public static void unpcklps(Vcpu c, DecodedInstruction i) {
    SseInteger.punpckldq(c, i);
  }

  public static void unpckhps(Vcpu c, DecodedInstruction i) {
    SseInteger.punpckhdq(c, i);
  }

  public static void unpcklpd(Vcpu c, DecodedInstruction i) {
    SseInteger.punpcklqdq(c, i);
  }

  public static void unpckhpd(Vcpu c, DecodedInstruction i) {
    SseInteger.punpckhqdq(c, i);
  }

  /// The low half comes from operand 0, the high half from operand 1.
  public static void shufps(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long bLow = VectorState.sourceLow(c, i);
    long bHigh = VectorState.sourceHigh(c, i);
    long aLow = c.fpu.xmm[2 * i.register0];
    long aHigh = c.fpu.xmm[2 * i.register0 + 1];
    long order = i.immediate;
    long low =
        SseShuffles.doubleword(aLow, aHigh, order)
            | SseShuffles.doubleword(aLow, aHigh, order >>> 2) << 32;
    long high =
        SseShuffles.doubleword(bLow, bHigh, order >>> 4)
            | SseShuffles.doubleword(bLow, bHigh, order >>> 6) << 32;
    VectorState.storeXmm(c, i.register0, low, high);
  }

  public static void shufpd(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long b = (i.immediate & 2) == 0 ? VectorState.sourceLow(c, i) : VectorState.sourceHigh(c, i);
    long a = c.fpu.xmm[2 * i.register0 + (int) (i.immediate & 1)];
    VectorState.storeXmm(c, i.register0, a, b);
  }
}
