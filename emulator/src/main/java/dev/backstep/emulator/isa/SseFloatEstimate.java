package dev.backstep.emulator.isa;

import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.floating.FloatEstimate;

/// Estimates on 64-bit lanes of two singles, and on one single in the low half. They raise no
/// exceptions. SDM Vol. 2 "RCPPS", "RSQRTPS".
public final class SseFloatEstimate {
  private SseFloatEstimate() {}

  public static long rcpps(long a) {
    return FloatEstimate.reciprocal(a & LOW_32) | FloatEstimate.reciprocal(a >>> 32) << 32;
  }

  public static long rcpss(long a) {
    return FloatEstimate.reciprocal(a & LOW_32);
  }

  public static long rsqrtps(long a) {
    return FloatEstimate.reciprocalSquareRoot(a & LOW_32)
        | FloatEstimate.reciprocalSquareRoot(a >>> 32) << 32;
  }

  public static long rsqrtss(long a) {
    return FloatEstimate.reciprocalSquareRoot(a & LOW_32);
  }
}
