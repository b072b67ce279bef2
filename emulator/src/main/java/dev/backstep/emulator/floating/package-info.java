/// IEEE 754 arithmetic exactly as x86 defines it, on bit patterns, in integer arithmetic: SSE, AVX,
/// FMA and F16C (half, single and double precision) and the x87 (double extended precision).
///
/// Every number goes the same way. An operation unpacks its operands to sign, unbiased exponent and
/// a 64-bit significand with its leading bit at bit 63; [Arithmetic] leaves the exact result (to a
/// sticky bit) as 128-bit significand in the [FloatEnvironment]; the format rounds and packs it.
/// There is one [Rounding] for all formats.
///
/// Static functions without state of their own: what an instruction needs besides its operands
/// (rounding mode, masks) and what it reports (exceptions) is in the vCPU's [FloatEnvironment].
/// Nothing allocates, nothing throws. The host's floating point takes no part, but in
/// [PlainArithmetic], where it cannot differ, and in [Arithmetic#squareRoot], where it gives the
/// first estimate of an integer that is then corrected until it is exact. One thread owns an
/// environment.
@NullMarked
package dev.backstep.emulator.floating;

import org.jspecify.annotations.NullMarked;
