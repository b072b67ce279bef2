package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.HALF;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.floating.FloatConversion;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.Vcpu;

/// Conversions whose result has wider or narrower elements than their source. SDM Vol. 2 "CVTDQ2PD"
/// to "CVTTPD2PI", "VCVTPH2PS", "VCVTPS2PH".
public final class SseConvertWidths {
  private static final long LOW_16 = 0xFFFFL;

  /// Bit 2 of VCVTPS2PH's immediate: rounding as MXCSR.RC says, not as bits 1:0 say.
  private static final int BY_MXCSR = 1 << 2;

  private SseConvertWidths() {}

  public static void cvtdq2pd(Vcpu c, DecodedInstruction i) {
    int lanes = begin(c, i);
    for (int k = 0; k < lanes; k++) {
      int element = (int) (c.fpu.scratchA[k >> 1] >>> 32 * (k & 1));
      c.fpu.scratchD[k] = FloatConversion.fromInteger(DOUBLE, c.fpu.environment, element);
    }
    finish(c, i);
  }

  public static void cvtps2pd(Vcpu c, DecodedInstruction i) {
    int lanes = begin(c, i);
    for (int k = 0; k < lanes; k++) {
      long element = c.fpu.scratchA[k >> 1] >>> 32 * (k & 1) & LOW_32;
      c.fpu.scratchD[k] = FloatConversion.convert(SINGLE, DOUBLE, c.fpu.environment, element);
    }
    finish(c, i);
  }

  public static void cvtpd2ps(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    for (int k = 0; k < doubles(i); k++) {
      put(c, k, FloatConversion.convert(DOUBLE, SINGLE, c.fpu.environment, c.fpu.scratchA[k]));
    }
    finish(c, i);
  }

  public static void cvtpd2dq(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    toDoublewords(c, i, c.fpu.environment.rounding);
  }

  public static void cvttpd2dq(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    toDoublewords(c, i, FloatEnvironment.TRUNCATE);
  }

  private static void toDoublewords(Vcpu c, DecodedInstruction i, int rounding) {
    FloatEnvironment e = c.fpu.environment;
    for (int k = 0; k < doubles(i); k++) {
      put(c, k, FloatConversion.toInteger(DOUBLE, e, c.fpu.scratchA[k], 32, rounding));
    }
    finish(c, i);
  }

  /// DAZ has no effect.
  public static void vcvtph2ps(Vcpu c, DecodedInstruction i) {
    int lanes = begin(c, i);
    for (int k = 0; k < 2 * lanes; k++) {
      long element = c.fpu.scratchA[k >> 2] >>> 16 * (k & 3) & LOW_16;
      put(c, k, FloatConversion.convertHalfToSingle(c.fpu.environment, element));
    }
    finish(c, i);
  }

  /// FTZ has no effect.
  public static void vcvtps2ph(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    FloatEnvironment e = c.fpu.environment;
    e.ftz = false;
    if ((i.immediate & BY_MXCSR) == 0) {
      e.rounding = (int) i.immediate & 3;
    }
    for (int k = 0; k < 2 * doubles(i); k++) {
      long element = c.fpu.scratchA[k >> 1] >>> 32 * (k & 1) & LOW_32;
      long half = FloatConversion.convert(SINGLE, HALF, e, element);
      c.fpu.scratchD[k >> 2] |= half << 16 * (k & 3);
    }
    if (i.isMemory()) {
      // A fault of the store goes before #XM on Zen 4, and leaves MXCSR alone.
      int bytes = Operands.bytes(i.operand0);
      long ea = i.effectiveAddress(c.gpr);
      if (bytes == 16) {
        VectorState.checkStoreAlignment(c, i, ea, 16, 16);
      }
      for (int k = 0; k < bytes; k += 8) {
        c.mmu.loadForWrite64(i.segment, ea + k & i.addressMask);
      }
    }
    VectorFloat.finish(c);
    VectorOperands.store(c, i, c.fpu.scratchD);
  }

  private static void put(Vcpu c, int element, long single) {
    c.fpu.scratchD[element >> 1] |= single << 32 * (element & 1);
  }

  /// How many 64-bit lanes the source has.
  private static int doubles(DecodedInstruction i) {
    return Operands.bytes(i.operand1) / 8;
  }

  /// Checks, loads the source and clears the result; how many 64-bit lanes the result has.
  private static int begin(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    VectorOperands.load(c, i, 1, c.fpu.scratchA);
    long[] d = c.fpu.scratchD;
    d[0] = 0;
    d[1] = 0;
    d[2] = 0;
    d[3] = 0;
    VectorFloat.begin(c);
    return Operands.bytes(i.operand0) / 8;
  }

  private static void finish(Vcpu c, DecodedInstruction i) {
    VectorFloat.finish(c);
    VectorOperands.store(c, i, c.fpu.scratchD);
  }
}
