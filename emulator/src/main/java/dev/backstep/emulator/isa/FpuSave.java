package dev.backstep.emulator.isa;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// FXSAVE, FXRSTOR, XSAVE, XRSTOR and MXCSR.
///
/// ```
///   0 FCW  2 FSW  4 FTW (a bit a register)  6 FOP  8 FIP (4 bytes, 12 FCS; with REX.W 8 bytes)
///  16 FDP (4 bytes, 20 FDS; with REX.W 8 bytes)  24 MXCSR  28 MXCSR_MASK
///  32 ST(0) to ST(7), 16 bytes each  160 XMM0 to XMM15 (XMM7 outside 64-bit mode)
/// 512 XSTATE_BV  520 XCOMP_BV  528 to 575 zero
/// ```
///
/// SDM Vol. 1 "Managing State Using the XSAVE Feature Set", Vol. 2 "FXSAVE".
public final class FpuSave {
  private static final int LEGACY_BYTES = 512;
  private static final int XSAVE_BYTES = 576;
  private static final int MXCSR = 24;
  private static final int STACK = 32;
  private static final int XMM = 160;
  private static final int XSTATE_BV = 512;
  private static final int XCOMP_BV = 520;
  private static final long X87 = ControlBits.XCR0_X87;
  private static final long SSE = ControlBits.XCR0_SSE;
  private static final long X87_AND_SSE = X87 | SSE;
  private static final long SSE_OR_AVX = SSE | ControlBits.XCR0_AVX;

  private FpuSave() {}

  public static void ldmxcsr(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    c.fpu.mxcsr = checked(c, c.mmu.load32(i.segment, i.effectiveAddress(c.gpr)));
  }

  public static void stmxcsr(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    c.mmu.store32(i.segment, i.effectiveAddress(c.gpr), c.fpu.mxcsr);
  }

  private static int checked(Vcpu c, int mxcsr) {
    if ((mxcsr & ~FpuState.MXCSR_MASK) != 0) {
      throw c.fault.generalProtection(0);
    }
    return mxcsr;
  }

  public static void fxsave(Vcpu c, DecodedInstruction i) {
    VectorState.requireX87(c);
    long ea = i.effectiveAddress(c.gpr);
    VectorState.requireAligned16(c, i, ea);
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
    VectorState.requireAligned16(c, i, ea);
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

  /// All components asked for are written as in use; the bits of others in XSTATE_BV stay.
  public static void xsave(Vcpu c, DecodedInstruction i) {
    long components = requested(c);
    long ea = i.effectiveAddress(c.gpr);
    VectorState.requireAligned(c, i, ea, 64);
    c.mmu.probeWrite(i.segment, ea, XSAVE_BYTES);
    if ((components & X87) != 0) {
      storeX87(c, i, ea);
    }
    if ((components & SSE) != 0) {
      storeXmm(c, i, ea);
    }
    if ((components & SSE_OR_AVX) != 0) {
      storeMxcsr(c, i, ea);
    }
    long others = c.mmu.load64(i.segment, at(i, ea, XSTATE_BV)) & ~components;
    c.mmu.store64(i.segment, at(i, ea, XSTATE_BV), others | components);
  }

  /// The standard form only: a set XCOMP_BV[63] is #GP, as on a processor without XSAVEC.
  public static void xrstor(Vcpu c, DecodedInstruction i) {
    long components = requested(c);
    long ea = i.effectiveAddress(c.gpr);
    VectorState.requireAligned(c, i, ea, 64);
    c.mmu.probeRead(i.segment, ea, XSAVE_BYTES);
    long present = c.mmu.load64(i.segment, at(i, ea, XSTATE_BV));
    long header =
        c.mmu.load64(i.segment, at(i, ea, XCOMP_BV))
            | c.mmu.load64(i.segment, at(i, ea, XCOMP_BV + 8));
    if ((present & ~c.xcr0) != 0 || header != 0) {
      throw c.fault.generalProtection(0);
    }
    if ((components & SSE_OR_AVX) != 0) {
      c.fpu.mxcsr = checked(c, c.mmu.load32(i.segment, at(i, ea, MXCSR)));
    }
    restoreX87(c, i, ea, components, present);
    if ((components & SSE) != 0) {
      restoreXmm(c, i, ea, present);
    }
  }

  private static void restoreX87(
      Vcpu c, DecodedInstruction i, long ea, long components, long present) {
    if ((components & X87) == 0) {
      return;
    }
    if ((present & X87) != 0) {
      loadX87(c, i, ea);
      return;
    }
    c.fpu.initialise();
    for (int k = 0; k < 8; k++) {
      c.fpu.significand[k] = 0;
      c.fpu.signExponent[k] = 0;
    }
  }

  private static void restoreXmm(Vcpu c, DecodedInstruction i, long ea, long present) {
    if ((present & SSE) != 0) {
      loadXmm(c, i, ea);
      return;
    }
    for (int k = 0; k < xmmRegisters(c); k++) {
      VectorState.storeXmm(c, k, 0, 0);
    }
  }

  /// The state components that XCR0 and EDX:EAX select.
  private static long requested(Vcpu c) {
    if (!c.cr4(ControlBits.CR4_OSXSAVE)) {
      throw c.fault.undefinedOpcode();
    }
    if (c.cr0(ControlBits.CR0_TS)) {
      throw c.fault.withoutCode(GuestFault.NM);
    }
    long mask = c.gpr[Vcpu.RDX] << 32 | c.gpr[Vcpu.RAX] & Registers.LOW_32;
    return c.xcr0 & mask & (X87_AND_SSE | ControlBits.XCR0_AVX);
  }

  private static long at(DecodedInstruction i, long ea, int offset) {
    return ea + offset & i.addressMask;
  }

  private static boolean wide(DecodedInstruction i) {
    return i.has(DecodedInstruction.PREFIX_REX_W);
  }

  private static void storeX87(Vcpu c, DecodedInstruction i, long ea) {
    FpuState fpu = c.fpu;
    c.mmu.store16(i.segment, ea, fpu.controlWord);
    c.mmu.store16(i.segment, at(i, ea, 2), X87Stack.status(fpu));
    c.mmu.store16(i.segment, at(i, ea, 4), fpu.tagValid);
    c.mmu.store16(i.segment, at(i, ea, 6), fpu.lastOpcode);
    storePointer(c, i, at(i, ea, 8), fpu.lastInstructionPointer, fpu.lastInstructionSelector);
    storePointer(c, i, at(i, ea, 16), fpu.lastDataPointer, fpu.lastDataSelector);
    for (int k = 0; k < 8; k++) {
      int physical = X87Stack.physical(fpu, k);
      c.mmu.store64(i.segment, at(i, ea, STACK + 16 * k), fpu.significand[physical]);
      c.mmu.store64(i.segment, at(i, ea, STACK + 16 * k + 8), fpu.signExponent[physical] & 0xFFFF);
    }
  }

  private static void storePointer(
      Vcpu c, DecodedInstruction i, long ea, long pointer, int selector) {
    int shown = c.cpuid.has(CpuFeature.ZERO_FCS_FDS) ? 0 : selector;
    c.mmu.store64(
        i.segment, ea, wide(i) ? pointer : pointer & Registers.LOW_32 | (long) shown << 32);
  }

  private static void loadX87(Vcpu c, DecodedInstruction i, long ea) {
    FpuState fpu = c.fpu;
    X87Stack.setControl(fpu, c.mmu.load16(i.segment, ea));
    X87Stack.setStatus(fpu, c.mmu.load16(i.segment, at(i, ea, 2)));
    fpu.tagValid = c.mmu.load8(i.segment, at(i, ea, 4)) & 0xFF;
    X87Stack.summarise(fpu);
    fpu.lastOpcode = c.mmu.load16(i.segment, at(i, ea, 6)) & 0x7FF;
    long ip = c.mmu.load64(i.segment, at(i, ea, 8));
    long dp = c.mmu.load64(i.segment, at(i, ea, 16));
    fpu.lastInstructionPointer = wide(i) ? ip : ip & Registers.LOW_32;
    fpu.lastInstructionSelector = wide(i) ? 0 : (int) (ip >>> 32) & 0xFFFF;
    fpu.lastDataPointer = wide(i) ? dp : dp & Registers.LOW_32;
    fpu.lastDataSelector = wide(i) ? 0 : (int) (dp >>> 32) & 0xFFFF;
    for (int k = 0; k < 8; k++) {
      int physical = X87Stack.physical(fpu, k);
      fpu.significand[physical] = c.mmu.load64(i.segment, at(i, ea, STACK + 16 * k));
      fpu.signExponent[physical] = c.mmu.load16(i.segment, at(i, ea, STACK + 16 * k + 8)) & 0xFFFF;
    }
  }

  private static void storeMxcsr(Vcpu c, DecodedInstruction i, long ea) {
    c.mmu.store32(i.segment, at(i, ea, MXCSR), c.fpu.mxcsr);
    c.mmu.store32(i.segment, at(i, ea, MXCSR + 4), FpuState.MXCSR_MASK);
  }

  private static int xmmRegisters(Vcpu c) {
    return c.mode == CpuMode.LONG64 ? 16 : 8;
  }

  private static void storeXmm(Vcpu c, DecodedInstruction i, long ea) {
    for (int k = 0; k < 2 * xmmRegisters(c); k++) {
      c.mmu.store64(i.segment, at(i, ea, XMM + 8 * k), c.fpu.xmm[k]);
    }
  }

  private static void loadXmm(Vcpu c, DecodedInstruction i, long ea) {
    for (int k = 0; k < 2 * xmmRegisters(c); k++) {
      c.fpu.xmm[k] = c.mmu.load64(i.segment, at(i, ea, XMM + 8 * k));
    }
  }
}
