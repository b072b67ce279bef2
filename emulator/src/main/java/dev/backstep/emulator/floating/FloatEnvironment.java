package dev.backstep.emulator.floating;

/// What a floating-point instruction is told besides its operands, what it reports besides its
/// result, and the exact result between computing and rounding.
///
/// Scratch: loaded when an instruction begins, of no meaning after it; no part of saved state.
/// Exceptions have the numbers of their flags in MXCSR and in the x87 status word. SDM Vol. 1 "SIMD
/// Floating-Point Exception Conditions", "x87 FPU Status Register".
public final class FloatEnvironment {
  public static final int INVALID = 1;
  public static final int DENORMAL = 1 << 1;
  public static final int ZERO_DIVIDE = 1 << 2;
  public static final int OVERFLOW = 1 << 3;
  public static final int UNDERFLOW = 1 << 4;
  public static final int INEXACT = 1 << 5;
  public static final int ALL = 0x3F;

  /// What is known before there is a result.
  public static final int BEFORE_RESULT = INVALID | DENORMAL | ZERO_DIVIDE;

  public static final int NEAREST = 0;
  public static final int DOWN = 1;
  public static final int UP = 2;
  public static final int TRUNCATE = 3;

  private static final int MXCSR_DAZ = 1 << 6;
  private static final int MXCSR_MASKS_SHIFT = 7;
  private static final int MXCSR_ROUNDING_SHIFT = 13;
  private static final int MXCSR_FTZ = 1 << 15;
  private static final int MXCSR_PLAIN =
      INEXACT | INEXACT << MXCSR_MASKS_SHIFT | 3 << MXCSR_ROUNDING_SHIFT;
  private static final int CONTROL_PRECISION_SHIFT = 8;
  private static final int CONTROL_ROUNDING_SHIFT = 10;

  /// [#NEAREST], [#DOWN], [#UP] or [#TRUNCATE].
  public int rounding;

  /// Exceptions raised since the instruction began.
  public int flags;

  /// Exceptions that are masked.
  public int masks = ALL;

  /// Denormal operands are taken for zeros.
  public boolean daz;

  /// Tiny results become zeros. Never set while underflow is unmasked.
  public boolean ftz;

  /// Results are rounded to nearest, and inexact ones are neither an exception nor news: MXCSR has
  /// the flag already. See [PlainArithmetic].
  boolean plain;

  /// Bits of significand to which the x87 rounds its results: 24, 53 or 64.
  public int precision = 64;

  /// Whether the last inexact result was rounded away from zero (the x87's C1).
  public boolean roundedUp;

  // The exact result: (-1)^negative * (high:low / 2^127) * 2^exponent, with the leading bit at bit
  // 63 of high; zero when high is 0. The lowest bit of low stands for all bits beyond it.
  public boolean negative;
  public int exponent;
  public long high;
  public long low;

  /// Begins an SSE or AVX instruction.
  public void begin(int mxcsr) {
    flags = 0;
    masks = mxcsr >> MXCSR_MASKS_SHIFT & ALL;
    rounding = mxcsr >> MXCSR_ROUNDING_SHIFT & 3;
    daz = (mxcsr & MXCSR_DAZ) != 0;
    ftz = (mxcsr & MXCSR_FTZ) != 0 && (masks & UNDERFLOW) != 0;
    plain = (mxcsr & MXCSR_PLAIN) == (INEXACT | INEXACT << MXCSR_MASKS_SHIFT);
  }

  /// Begins an x87 instruction. The reserved precision 1 is taken for 3.
  public void beginX87(int controlWord) {
    flags = 0;
    masks = controlWord & ALL;
    rounding = controlWord >> CONTROL_ROUNDING_SHIFT & 3;
    daz = false;
    ftz = false;
    plain = false;
    roundedUp = false;
    precision =
        switch (controlWord >> CONTROL_PRECISION_SHIFT & 3) {
          case 0 -> 24;
          case 2 -> 53;
          default -> 64;
        };
  }

  public void raise(int exceptions) {
    flags |= exceptions;
  }

  /// Whether all of `exceptions` are masked.
  public boolean masked(int exceptions) {
    return (masks & exceptions) == exceptions;
  }

  /// The flags that an SSE or AVX instruction sets. SDM Vol. 1 "SIMD Floating-Point Exception
  /// Conditions": if one that is known before computing is unmasked, nothing is computed.
  public int reported() {
    return (flags & ~masks & BEFORE_RESULT) != 0 ? flags & BEFORE_RESULT : flags;
  }

  /// Whether the instruction ends in an exception.
  public boolean faults() {
    return (flags & ~masks) != 0;
  }
}
