package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Whether x87, MMX and SSE instructions may run, and how they reach their operands. SDM Vol. 3
/// "Emulation of the x87 FPU", "MMX Exceptions", "SSE State"; Vol. 2 "Exception Conditions of
/// Legacy SIMD".
///
/// Public for spun code.
public final class VectorState {
  /// Exponent field of an x87 register that an MMX instruction wrote.
  private static final int MMX_EXPONENT = 0xFFFF;

  private static final long SSE_AND_AVX = ControlBits.XCR0_SSE | ControlBits.XCR0_AVX;

  private static final int STATUS_ERROR_SUMMARY = 1 << 7;

  private VectorState() {}

  /// #UD or #NM unless SSE instructions may run.
  public static void requireSse(Vcpu c) {
    if ((c.cr0 & (ControlBits.CR0_EM | ControlBits.CR0_TS)) != 0
        || !c.cr4(ControlBits.CR4_OSFXSR)) {
      throw c.cr0(ControlBits.CR0_EM) || !c.cr4(ControlBits.CR4_OSFXSR)
          ? c.fault.undefinedOpcode()
          : c.fault.withoutCode(GuestFault.NM);
    }
  }

  /// #UD or #NM unless VEX-encoded vector instructions may run. CR0.EM and CR4.OSFXSR do not
  /// matter. SDM Vol. 2 "Exception Conditions of VEX-Encoded Instructions"; Vol. 3 "AVX State".
  public static void requireAvx(Vcpu c) {
    if ((c.xcr0 & SSE_AND_AVX) != SSE_AND_AVX || !c.cr4(ControlBits.CR4_OSXSAVE)) {
      throw c.fault.undefinedOpcode();
    }
    if (c.cr0(ControlBits.CR0_TS)) {
      throw c.fault.withoutCode(GuestFault.NM);
    }
  }

  /// #UD, #NM or #MF unless MMX instructions may run.
  public static void requireMmx(Vcpu c) {
    if ((c.cr0 & (ControlBits.CR0_EM | ControlBits.CR0_TS)) != 0) {
      throw c.cr0(ControlBits.CR0_EM)
          ? c.fault.undefinedOpcode()
          : c.fault.withoutCode(GuestFault.NM);
    }
    requireNoPendingException(c);
  }

  /// #NM unless x87 instructions may run.
  static void requireX87(Vcpu c) {
    if ((c.cr0 & (ControlBits.CR0_EM | ControlBits.CR0_TS)) != 0) {
      throw c.fault.withoutCode(GuestFault.NM);
    }
  }

  /// #MF if an unmasked x87 exception is pending. With CR0.NE clear it would be reported by the
  /// PC's interrupt 13, which is not wired: nothing happens then.
  static void requireNoPendingException(Vcpu c) {
    if ((c.fpu.statusWord & STATUS_ERROR_SUMMARY) != 0 && c.cr0(ControlBits.CR0_NE)) {
      throw c.fault.withoutCode(GuestFault.MF);
    }
  }

  /// What every MMX instruction but EMMS does to the x87 state: TOP is 0 and all registers are
  /// valid.
  public static void useMmx(Vcpu c) {
    c.fpu.top = 0;
    c.fpu.tagValid = 0xFF;
  }

  /// Writes MMX register `register`. SDM Vol. 3 "Effect of MMX Instructions on x87 FPU State".
  public static void storeMmx(Vcpu c, int register, long value) {
    useMmx(c);
    c.fpu.significand[register] = value;
    c.fpu.signExponent[register] = MMX_EXPONENT;
  }

  /// The rule for 16-byte operands of legacy instructions other than moves: a multiple of 16, else
  /// #GP(0), but for AMD's misaligned exception mask. APM Vol. 1 "MXCSR", MM.
  public static void requireAlignedOperand(Vcpu c, DecodedInstruction i, long ea) {
    if ((c.fpu.mxcsr & FpuState.MXCSR_MISALIGNED) != 0) {
      checkAlignment(c, i, ea);
      return;
    }
    requireAligned(c, i, ea, 16);
  }

  /// The rule for the image of FXSAVE: a multiple of 16, else #GP(0), or #AC while alignment is
  /// checked and it is no multiple of 4; SDM Vol. 2 "FXSAVE" leaves that open, an AMD EPYC does so.
  static void requireAlignedImage(Vcpu c, DecodedInstruction i, long ea) {
    c.mmu.checkSegment(i.segment, ea, 1);
    if (c.flag(Rflags.AC) && isMisaligned(c, i, ea, 4)) {
      throw c.fault.withCode(GuestFault.AC, 0);
    }
    requireAligned(c, i, ea, 16);
  }

  /// #GP(0) unless the memory operand's linear address is a multiple of 16. In 64-bit mode only FS
  /// and GS have a base.
  public static void requireAligned16(Vcpu c, DecodedInstruction i, long ea) {
    requireAligned(c, i, ea, 16);
  }

  static void requireAligned(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    if ((linear(c, i, ea) & bytes - 1) != 0) {
      throw c.fault.generalProtection(0);
    }
  }

  private static long linear(Vcpu c, DecodedInstruction i, long ea) {
    boolean hasBase = c.mode != CpuMode.LONG64 || i.segment >= SegmentRegister.FS;
    return hasBase ? ea + c.segments[i.segment].base : ea;
  }

  /// #AC for a vector of 16 or 32 bytes that may lie anywhere and lies at no multiple of 16 while
  /// alignment is checked. SDM Vol. 2 "MOVDQU": "treatment of #AC varies"; this is how an AMD EPYC
  /// treats it, before page faults.
  public static void checkAlignment(Vcpu c, DecodedInstruction i, long ea) {
    if (c.flag(Rflags.AC) && isMisaligned(c, i, ea, 16)) {
      c.mmu.checkSegment(i.segment, ea, 16);
      throw c.fault.withCode(GuestFault.AC, 0);
    }
  }

  /// The same for a store that must lie at a multiple of `bytes`.
  static void checkStoreAlignment(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    if (c.flag(Rflags.AC) && isMisaligned(c, i, ea, bytes)) {
      c.mmu.checkSegmentForWrite(i.segment, ea, bytes);
      throw c.fault.withCode(GuestFault.AC, 0);
    }
  }

  private static boolean isMisaligned(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    return c.cpl == 3 && c.cr0(ControlBits.CR0_AM) && (linear(c, i, ea) & bytes - 1) != 0;
  }

  /// The low quadword of operand 1, an XMM register or aligned 128-bit memory.
  static long sourceLow(Vcpu c, DecodedInstruction i) {
    if (!i.isMemory()) {
      return c.fpu.xmm[2 * i.register1];
    }
    long ea = i.effectiveAddress(c.gpr);
    requireAligned16(c, i, ea);
    return c.mmu.load64(i.segment, ea);
  }

  /// The high quadword of operand 1.
  static long sourceHigh(Vcpu c, DecodedInstruction i) {
    if (!i.isMemory()) {
      return c.fpu.xmm[2 * i.register1 + 1];
    }
    long ea = i.effectiveAddress(c.gpr);
    requireAligned16(c, i, ea);
    return c.mmu.load64(i.segment, ea + 8);
  }

  /// Writes XMM register `register`.
  static void storeXmm(Vcpu c, int register, long low, long high) {
    FpuState fpu = c.fpu;
    fpu.xmm[2 * register] = low;
    fpu.xmm[2 * register + 1] = high;
  }

  /// The count of a packed shift, from the low quadword of its operand: 64 stands for all larger
  /// ones.
  public static int shiftCount(long quadword) {
    return quadword < 0 || quadword > 64 ? 64 : (int) quadword;
  }
}
