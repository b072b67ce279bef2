package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// FXSAVE, FXRSTOR, the legacy region of XSAVE, and MXCSR.
///
/// ```
///   0 FCW  2 FSW  4 FTW (a bit a register)  6 FOP  8 FIP (4 bytes, 12 FCS; with REX.W 8 bytes)
///  16 FDP (4 bytes, 20 FDS; with REX.W 8 bytes)  24 MXCSR  28 MXCSR_MASK
///  32 ST(0) to ST(7), 16 bytes each  160 XMM0 to XMM15 (XMM7 outside 64-bit mode)
/// ```
///
/// SDM Vol. 2 "FXSAVE".
public final class FpuSave {
  private static final int LEGACY_BYTES = 512;
  static final int MXCSR = 24;
  private static final int STACK = 32;
  private static final int XMM = 160;

  private FpuSave() {}

  public static void ldmxcsr(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    c.fpu.mxcsr = checked(c, c.mmu.load32(i.segment, i.effectiveAddress(c.gpr)));
  }

  public static void stmxcsr(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    c.mmu.store32(i.segment, i.effectiveAddress(c.gpr), c.fpu.mxcsr);
  }

  static int checked(Vcpu c, int mxcsr) {
    if ((mxcsr & ~c.fpu.mxcsrMask) != 0) {
      throw c.fault.generalProtection(0);
    }
    return mxcsr;
  }

  public static void fxsave(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    long ea = i.effectiveAddress(c.gpr);
    VectorState.requireAlignedImage(c, i, ea);
    if (c.cpuid.vendor().looksAtImageEnds()) {
      c.mmu.probeWrite(i.segment, at(i, ea, LEGACY_BYTES - 1), 1);
    }
    c.mmu.probeWrite(i.segment, ea, LEGACY_BYTES);
    storeX87(c, i, ea);
    storeMxcsr(c, i, ea);
    if (savesXmm(c)) {
      storeXmm(c, i, ea);
    }
  }

  public static void fxrstor(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    long ea = i.effectiveAddress(c.gpr);
    VectorState.requireAlignedImage(c, i, ea);
    if (c.cpuid.vendor().looksAtImageEnds()) {
      c.mmu.probeRead(i.segment, at(i, ea, LEGACY_BYTES - 1), 1);
    }
    c.mmu.probeRead(i.segment, ea, LEGACY_BYTES);
    int mxcsr = checked(c, c.mmu.load32(i.segment, at(i, ea, MXCSR)));
    loadX87(c, i, ea);
    c.fpu.mxcsr = mxcsr;
    if (savesXmm(c)) {
      loadXmm(c, i, ea);
    }
  }

  /// Without CR4.OSFXSR the XMM registers are left out; so they are in the fast form that
  /// EFER.FFXSR selects (APM Vol. 2 "Fast FXSAVE/FXRSTOR").
  private static boolean savesXmm(Vcpu c) {
    boolean fast = c.efer(ControlBits.EFER_FFXSR) && c.cpl == 0 && c.mode == CpuMode.LONG64;
    return c.cr4(ControlBits.CR4_OSFXSR) && !fast;
  }

  static long at(DecodedInstruction i, long ea, int offset) {
    return ea + offset & i.addressMask;
  }

  private static boolean wide(DecodedInstruction i) {
    return i.has(DecodedInstruction.PREFIX_REX_W);
  }

  static void storeX87(Vcpu c, DecodedInstruction i, long ea) {
    FpuState fpu = c.fpu;
    c.mmu.store16(i.segment, ea, fpu.controlWord);
    c.mmu.store16(i.segment, at(i, ea, 2), X87Stack.status(fpu));
    c.mmu.store16(i.segment, at(i, ea, 4), fpu.tagValid);
    storePointers(c, i, ea);
    for (int k = 0; k < 8; k++) {
      int physical = X87Stack.physical(fpu, k);
      c.mmu.store64(i.segment, at(i, ea, STACK + 16 * k), fpu.significand[physical]);
      c.mmu.store64(i.segment, at(i, ea, STACK + 16 * k + 8), fpu.signExponent[physical] & 0xFFFF);
    }
  }

  private static void storePointers(Vcpu c, DecodedInstruction i, long ea) {
    FpuState fpu = c.fpu;
    if (c.cpuid.hidesPointersWithoutException() && (fpu.statusWord & X87Stack.ERROR_SUMMARY) == 0) {
      c.mmu.store16(i.segment, at(i, ea, 6), 0);
      c.mmu.store64(i.segment, at(i, ea, 8), 0);
      c.mmu.store64(i.segment, at(i, ea, 16), 0);
      return;
    }
    c.mmu.store16(i.segment, at(i, ea, 6), fpu.lastOpcode);
    storePointer(c, i, at(i, ea, 8), fpu.lastInstructionPointer, fpu.lastInstructionSelector);
    storePointer(c, i, at(i, ea, 16), fpu.lastDataPointer, fpu.lastDataSelector);
  }

  private static void storePointer(
      Vcpu c, DecodedInstruction i, long ea, long pointer, int selector) {
    int shown = c.cpuid.zeroesPointerSelectors() ? 0 : selector;
    c.mmu.store64(
        i.segment, ea, wide(i) ? pointer : pointer & Registers.LOW_32 | (long) shown << 32);
  }

  /// Pointers hold 57 bits: seen on a Zen 4, with 4-level paging too.
  private static long canonical(long pointer) {
    return pointer << 7 >> 7;
  }

  static void loadX87(Vcpu c, DecodedInstruction i, long ea) {
    FpuState fpu = c.fpu;
    X87Stack.setControl(fpu, c.mmu.load16(i.segment, ea));
    X87Stack.setStatus(fpu, c.mmu.load16(i.segment, at(i, ea, 2)));
    fpu.tagValid = c.mmu.load8(i.segment, at(i, ea, 4)) & 0xFF;
    X87Stack.summarise(fpu);
    fpu.lastOpcode = c.mmu.load16(i.segment, at(i, ea, 6)) & 0x7FF;
    long ip = c.mmu.load64(i.segment, at(i, ea, 8));
    long dp = c.mmu.load64(i.segment, at(i, ea, 16));
    fpu.lastInstructionPointer = wide(i) ? canonical(ip) : ip & Registers.LOW_32;
    fpu.lastInstructionSelector = wide(i) ? 0 : (int) (ip >>> 32) & 0xFFFF;
    fpu.lastDataPointer = wide(i) ? canonical(dp) : dp & Registers.LOW_32;
    fpu.lastDataSelector = wide(i) ? 0 : (int) (dp >>> 32) & 0xFFFF;
    for (int k = 0; k < 8; k++) {
      int physical = X87Stack.physical(fpu, k);
      fpu.significand[physical] = c.mmu.load64(i.segment, at(i, ea, STACK + 16 * k));
      fpu.signExponent[physical] = c.mmu.load16(i.segment, at(i, ea, STACK + 16 * k + 8)) & 0xFFFF;
    }
  }

  static void storeMxcsr(Vcpu c, DecodedInstruction i, long ea) {
    c.mmu.store32(i.segment, at(i, ea, MXCSR), c.fpu.mxcsr);
    c.mmu.store32(i.segment, at(i, ea, MXCSR + 4), c.fpu.mxcsrMask);
  }

  static int xmmRegisters(Vcpu c) {
    return c.mode == CpuMode.LONG64 ? 16 : 8;
  }

  static void storeXmm(Vcpu c, DecodedInstruction i, long ea) {
    for (int k = 0; k < 2 * xmmRegisters(c); k++) {
      c.mmu.store64(i.segment, at(i, ea, XMM + 8 * k), c.fpu.xmm[k]);
    }
  }

  static void loadXmm(Vcpu c, DecodedInstruction i, long ea) {
    for (int k = 0; k < 2 * xmmRegisters(c); k++) {
      c.fpu.xmm[k] = c.mmu.load64(i.segment, at(i, ea, XMM + 8 * k));
    }
  }
}
