package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.Arrays;

/// Whether x87, MMX and SSE instructions may run, and how they reach their operands. SDM Vol. 3
/// "Emulation of the x87 FPU", "MMX Exceptions", "SSE State"; Vol. 2 "Exception Conditions of
/// Legacy SIMD".
///
/// Public for spun code.
public final class VectorState {
  /// Exponent field of an x87 register that an MMX instruction wrote.
  private static final int MMX_EXPONENT = 0xFFFF;

  private static final long SSE_AND_AVX = ControlBits.XCR0_SSE | ControlBits.XCR0_AVX;

  /// Of the image of FXSAVE.
  private static final int LEGACY_IMAGE_BYTES = 512;

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

  /// #MF if an unmasked x87 exception is pending; with CR0.NE clear FERR# is asserted instead, and
  /// the board says how it goes on. (Some processors assert it as soon as some of the exceptions
  /// occur; all do here at the latest. SDM Vol. 1 "MS-DOS Compatibility Sub-mode".)
  static void requireNoPendingException(Vcpu c) {
    if ((c.fpu.statusWord & X87Stack.ERROR_SUMMARY) != 0) {
      reportPending(c);
    }
  }

  private static void reportPending(Vcpu c) {
    if (c.cr0(ControlBits.CR0_NE)) {
      throw c.fault.withoutCode(GuestFault.MF);
    }
    if (!c.fpu.errorReported) {
      c.fpu.errorReported = true;
      c.numericErrors.errorAsserted(c.number);
    }
    switch (c.numericErrors.answer(c.number)) {
      case EXCEPTION -> throw c.fault.withoutCode(GuestFault.MF);
      case FREEZE -> throw c.fault.withoutCode(GuestFault.FREEZE);
      case IGNORE -> {}
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
      checkAlignment(c, i, ea, 16);
      return;
    }
    requireAligned(c, i, ea, 16);
  }

  /// The rule for the image of FXSAVE: a multiple of 16, else #GP(0), or #AC while alignment is
  /// checked and it is no multiple of 4; SDM Vol. 2 "FXSAVE" leaves that open, an AMD EPYC does so.
  /// Where pages are looked at first, they are as for a read.
  static void requireAlignedImage(Vcpu c, DecodedInstruction i, long ea) {
    c.mmu.checkSegment(i.segment, ea, 1);
    if (c.flag(Rflags.AC) && isMisaligned(c, i, ea, 4)) {
      if (!c.cpuid.vendor().checksAlignmentFirst()) {
        c.mmu.probeRead(i.segment, ea, LEGACY_IMAGE_BYTES);
      }
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

  /// The linear address of a memory operand, before it is cut to the mode's width.
  static long linear(Vcpu c, DecodedInstruction i, long ea) {
    boolean hasBase = c.mode != CpuMode.LONG64 || i.segment >= SegmentRegister.FS;
    return hasBase ? ea + c.segments[i.segment].base : ea;
  }

  /// Whether an access to the first of the `bytes` bytes (a power of two) says what one to any of
  /// them would: they lie in one page, and no segment limit can cut them.
  static boolean isInOneCell(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    return c.mode == CpuMode.LONG64 && (linear(c, i, ea) & bytes - 1) == 0;
  }

  /// #AC for a vector of 16 or 32 bytes that may lie anywhere and lies at no multiple of 16 while
  /// alignment is checked. SDM Vol. 2 "MOVDQU": "treatment of #AC varies"; this is how an AMD EPYC
  /// treats it.
  public static void checkAlignment(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    if (c.flag(Rflags.AC) && isMisaligned(c, i, ea, 16)) {
      throw misalignedLoad(c, i, ea, bytes);
    }
  }

  /// The same for a store of `bytes` bytes that must lie at a multiple of `alignment`.
  static void checkStoreAlignment(Vcpu c, DecodedInstruction i, long ea, int alignment, int bytes) {
    if (c.flag(Rflags.AC) && isMisaligned(c, i, ea, alignment)) {
      if (c.cpuid.vendor().checksAlignmentFirst()) {
        c.mmu.checkSegmentForWrite(i.segment, ea, bytes);
      } else {
        c.mmu.probeWrite(i.segment, ea, bytes);
      }
      throw c.fault.withCode(GuestFault.AC, 0);
    }
  }

  /// #AC, unless what goes before it faults: the segment's checks, and paging but for some vendors.
  private static GuestFault misalignedLoad(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    if (c.cpuid.vendor().checksAlignmentFirst()) {
      c.mmu.checkSegment(i.segment, ea, bytes);
    } else {
      c.mmu.probeRead(i.segment, ea, bytes);
    }
    return c.fault.withCode(GuestFault.AC, 0);
  }

  private static boolean isMisaligned(Vcpu c, DecodedInstruction i, long ea, int bytes) {
    return c.cpl == 3 && c.cr0(ControlBits.CR0_AM) && (linear(c, i, ea) & bytes - 1) != 0;
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

  /// Zeroes the low or the high halves of all vector registers that the mode has.
  static void clear(long[] halves, Vcpu c) {
    Arrays.fill(halves, 0, 2 * FpuSave.xmmRegisters(c), 0);
  }
}
