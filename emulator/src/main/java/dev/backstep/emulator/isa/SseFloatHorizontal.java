package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.floating.FloatFormat;
import dev.backstep.emulator.vcpu.Vcpu;

/// Sums and differences of neighbouring elements, and of every other element. SDM Vol. 2
/// "ADDSUBPD", "HADDPD", "HSUBPD".
public final class SseFloatHorizontal {
  private SseFloatHorizontal() {}

  /// The low element is a difference, the high one a sum.
  public static long addsubps(Vcpu c, long a, long b) {
    FloatEnvironment e = c.fpu.environment;
    long low = FloatArithmetic.subtract(SINGLE, e, a & LOW_32, b & LOW_32);
    return low | FloatArithmetic.add(SINGLE, e, a >>> 32, b >>> 32) << 32;
  }

  public static void addsubpd(Vcpu c, DecodedInstruction i) {
    int lanes = begin(c, i);
    long[] a = c.fpu.scratchA;
    long[] b = c.fpu.scratchB;
    long[] d = c.fpu.scratchD;
    FloatEnvironment e = c.fpu.environment;
    for (int k = 0; k < lanes; k += 2) {
      d[k] = FloatArithmetic.subtract(DOUBLE, e, a[k], b[k]);
      d[k + 1] = FloatArithmetic.add(DOUBLE, e, a[k + 1], b[k + 1]);
    }
    finish(c, i);
  }

  public static void haddpd(Vcpu c, DecodedInstruction i) {
    combineDoubles(c, i, false);
  }

  public static void hsubpd(Vcpu c, DecodedInstruction i) {
    combineDoubles(c, i, true);
  }

  public static void haddps(Vcpu c, DecodedInstruction i) {
    combineSingles(c, i, false);
  }

  public static void hsubps(Vcpu c, DecodedInstruction i) {
    combineSingles(c, i, true);
  }

  /// In each 128-bit lane the low element comes of a pair of the first source, the high one of the
  /// second.
  private static void combineDoubles(Vcpu c, DecodedInstruction i, boolean subtracts) {
    int lanes = begin(c, i);
    long[] a = c.fpu.scratchA;
    long[] b = c.fpu.scratchB;
    for (int k = 0; k < lanes; k += 2) {
      c.fpu.scratchD[k] = combined(c, DOUBLE, a[k], a[k + 1], subtracts);
      c.fpu.scratchD[k + 1] = combined(c, DOUBLE, b[k], b[k + 1], subtracts);
    }
    finish(c, i);
  }

  private static void combineSingles(Vcpu c, DecodedInstruction i, boolean subtracts) {
    int lanes = begin(c, i);
    for (int k = 0; k < lanes; k += 2) {
      c.fpu.scratchD[k] = combinedPairs(c, c.fpu.scratchA, k, subtracts);
      c.fpu.scratchD[k + 1] = combinedPairs(c, c.fpu.scratchB, k, subtracts);
    }
    finish(c, i);
  }

  private static long combinedPairs(Vcpu c, long[] source, int k, boolean subtracts) {
    long low = combined(c, SINGLE, source[k] & LOW_32, source[k] >>> 32, subtracts);
    long high = combined(c, SINGLE, source[k + 1] & LOW_32, source[k + 1] >>> 32, subtracts);
    return low | high << 32;
  }

  private static long combined(Vcpu c, FloatFormat f, long a, long b, boolean subtracts) {
    FloatEnvironment e = c.fpu.environment;
    return subtracts ? FloatArithmetic.subtract(f, e, a, b) : FloatArithmetic.add(f, e, a, b);
  }

  /// Loads both sources; the number of 64-bit lanes.
  static int begin(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    VectorOperands.load(c, i, i.isVex() ? 2 : 1, c.fpu.scratchB);
    VectorOperands.loadFirst(c, i, c.fpu.scratchA);
    c.fpu.scratchD[2] = 0;
    c.fpu.scratchD[3] = 0;
    VectorFloat.begin(c);
    return Operands.bytes(i.operand0) / 8;
  }

  static void finish(Vcpu c, DecodedInstruction i) {
    VectorFloat.finish(c);
    VectorOperands.store(c, i, c.fpu.scratchD);
  }
}
