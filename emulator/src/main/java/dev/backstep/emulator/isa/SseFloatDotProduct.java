package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.Vcpu;

/// Dot products, of each 128-bit lane by itself. Bits 7:4 of the immediate choose the products,
/// bits 3:0 where their sum goes. SDM Vol. 2 "DPPD", "DPPS".
///
/// The products, and each level of sums, are steps that round. If a step meets an unmasked
/// exception no later one is begun; what earlier ones reported stays in MXCSR (so on Zen 4; the SDM
/// does not say).
public final class SseFloatDotProduct {
  private static final long BOTH = 0x0000_0001_0000_0001L;

  private SseFloatDotProduct() {}

  public static void dppd(Vcpu c, DecodedInstruction i) {
    SseFloatHorizontal.begin(c, i);
    long[] a = c.fpu.scratchA;
    long[] b = c.fpu.scratchB;
    long[] d = c.fpu.scratchD;
    int choice = (int) i.immediate;
    FloatEnvironment e = c.fpu.environment;
    long first = (choice & 0x10) != 0 ? FloatArithmetic.multiply(DOUBLE, e, a[0], b[0]) : 0;
    long second = (choice & 0x20) != 0 ? FloatArithmetic.multiply(DOUBLE, e, a[1], b[1]) : 0;
    nextStep(c);
    long sum = FloatArithmetic.add(DOUBLE, e, first, second);
    d[0] = sum & -(choice & 1L);
    d[1] = sum & -(choice >> 1 & 1L);
    SseFloatHorizontal.finish(c, i);
  }

  public static void dpps(Vcpu c, DecodedInstruction i) {
    int lanes = SseFloatHorizontal.begin(c, i);
    int choice = (int) i.immediate;
    long[] d = c.fpu.scratchD;
    for (int k = 0; k < lanes; k++) {
      d[k] = products(c, k, choice >> 4 + 2 * (k & 1));
    }
    nextStep(c);
    for (int k = 0; k < lanes; k++) {
      d[k] = sum(c, d[k], d[k] >>> 32);
    }
    nextStep(c);
    long low = Long.expand(choice, BOTH) * LOW_32;
    long high = Long.expand(choice >> 2, BOTH) * LOW_32;
    for (int k = 0; k < lanes; k += 2) {
      long sum = sum(c, d[k], d[k + 1]) * BOTH;
      d[k] = sum & low;
      d[k + 1] = sum & high;
    }
    SseFloatHorizontal.finish(c, i);
  }

  private static void nextStep(Vcpu c) {
    VectorFloat.finish(c);
    VectorFloat.begin(c);
  }

  /// The chosen ones of the products in a 64-bit lane.
  private static long products(Vcpu c, int lane, int chosen) {
    long a = c.fpu.scratchA[lane];
    long b = c.fpu.scratchB[lane];
    FloatEnvironment e = c.fpu.environment;
    long low = (chosen & 1) != 0 ? FloatArithmetic.multiply(SINGLE, e, a & LOW_32, b & LOW_32) : 0;
    long high = (chosen & 2) != 0 ? FloatArithmetic.multiply(SINGLE, e, a >>> 32, b >>> 32) : 0;
    return low | high << 32;
  }

  private static long sum(Vcpu c, long a, long b) {
    return FloatArithmetic.add(SINGLE, c.fpu.environment, a & LOW_32, b & LOW_32);
  }
}
