package dev.backstep.emulator.vcpu;

import dev.backstep.emulator.floating.ExtendedUnit;
import dev.backstep.emulator.floating.FloatEnvironment;

/// The x87, MMX, SSE and AVX registers. SDM Vol. 1 "x87 FPU Execution Environment", "MXCSR".
///
/// Physical register `k` of the x87 stack (not ST(k)) has its 64-bit significand in
/// `significand[k]` and sign and exponent in the low 16 bits of `signExponent[k]`; MMX register `k`
/// is `significand[k]`.
public final class FpuState {
  public static final int MXCSR_DEFAULT = 0x1F80;

  /// Bits of MXCSR that may be set (DAZ included).
  public static final int MXCSR_MASK = 0xFFFF;

  /// MXCSR.MM: packed operands in memory need not be aligned. APM Vol. 1 "SIMD Control and Status
  /// Register (MXCSR)"; CPUID MISALIGNSSE.
  public static final int MXCSR_MISALIGNED = 1 << 17;

  /// Bits of MXCSR that may be set on this processor.
  public int mxcsrMask = MXCSR_MASK;

  public final long[] significand = new long[8];
  public final int[] signExponent = new int[8];
  public int controlWord = 0x37F;

  /// The status word without TOP, which is [#top].
  public int statusWord;

  public int top;

  /// One bit per physical register: 1 = not empty (the abridged tag word of FXSAVE).
  public int tagValid;

  /// FERR# is asserted: the pending exception was reported to the board. Only while one is pending.
  public boolean errorReported;

  public int lastOpcode;
  public long lastInstructionPointer;
  public int lastInstructionSelector;
  public long lastDataPointer;
  public int lastDataSelector;

  public int mxcsr = MXCSR_DEFAULT;

  /// XMM0 to XMM15: low quadword of register k at index 2k, high one at 2k + 1.
  public final long[] xmm = new long[32];

  /// Bits 255:128 of YMM0 to YMM15: bits 191:128 of register k at index 2k, the rest at 2k + 1.
  public final long[] ymmHigh = new long[32];

  // Operands and result of the running vector instruction; not saved.
  public final long[] scratchA = new long[4];
  public final long[] scratchB = new long[4];
  public final long[] scratchC = new long[4];
  public final long[] scratchD = new long[4];

  /// Scratch of the running floating-point instruction; not saved.
  public final FloatEnvironment environment = new FloatEnvironment();

  /// Scratch of the running x87 instruction; not saved.
  public final ExtendedUnit extended = new ExtendedUnit(environment);

  /// The running x87 instruction's memory operand, where only an exception makes it the last data
  /// pointer; not saved.
  public boolean hasOperandPointer;

  public long operandPointer;
  public int operandSelector;

  /// FNINIT. SDM Vol. 2 "FINIT/FNINIT".
  public void initialise() {
    controlWord = 0x37F;
    statusWord = 0;
    errorReported = false;
    top = 0;
    tagValid = 0;
    lastOpcode = 0;
    lastInstructionPointer = 0;
    lastInstructionSelector = 0;
    lastDataPointer = 0;
    lastDataSelector = 0;
  }
}
