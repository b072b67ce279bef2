package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.floating.FloatConversion;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.Vcpu;

/// Conversions between MMX and XMM registers. SDM Vol. 2 "CVTPD2PI" to "CVTTPS2PI".
///
/// They are SSE instructions that, with an MMX register for operand, use the MMX state, too: even
/// if they end in #XM (Zen 4 does so; the SDM does not say).
public final class SseConvertMmx {
  private SseConvertMmx() {}

  /// The upper half of the destination stays.
  public static void cvtpi2ps(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    boolean mmx = usesMmx(i) || c.cpuid.usesMmxStateForMemory();
    if (mmx) {
      VectorState.requireMmx(c);
    }
    load(c, i);
    long result = SseConvert.cvtdq2ps(c, c.fpu.scratchA[0]);
    if (mmx) {
      VectorState.useMmx(c);
    }
    VectorFloat.finish(c);
    c.fpu.xmm[2 * i.register0] = result;
  }

  /// SDM Vol. 2 "CVTPI2PD": memory as source leaves the MMX state alone.
  public static void cvtpi2pd(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    FloatEnvironment e = c.fpu.environment;
    long integers = c.fpu.scratchA[0];
    long low = FloatConversion.fromInteger(DOUBLE, e, (int) integers);
    long high = FloatConversion.fromInteger(DOUBLE, e, integers >> 32);
    finish(c, i);
    VectorState.storeXmm(c, i.register0, low, high);
  }

  public static void cvtps2pi(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    finish(c, i, SseConvert.cvtps2dq(c, c.fpu.scratchA[0]));
  }

  public static void cvttps2pi(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    finish(c, i, SseConvert.cvttps2dq(c, c.fpu.scratchA[0]));
  }

  public static void cvtpd2pi(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    finish(c, i, doublewords(c, c.fpu.environment.rounding));
  }

  public static void cvttpd2pi(Vcpu c, DecodedInstruction i) {
    begin(c, i);
    finish(c, i, doublewords(c, FloatEnvironment.TRUNCATE));
  }

  private static long doublewords(Vcpu c, int rounding) {
    FloatEnvironment e = c.fpu.environment;
    long low = FloatConversion.toInteger(DOUBLE, e, c.fpu.scratchA[0], 32, rounding);
    return low | FloatConversion.toInteger(DOUBLE, e, c.fpu.scratchA[1], 32, rounding) << 32;
  }

  /// Checks, and loads the source.
  private static void begin(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    if (usesMmx(i)) {
      VectorState.requireMmx(c);
    }
    load(c, i);
  }

  private static void load(Vcpu c, DecodedInstruction i) {
    VectorOperands.load(c, i, 1, c.fpu.scratchA);
    VectorFloat.begin(c);
  }

  private static boolean usesMmx(DecodedInstruction i) {
    return Operands.kind(i.operand0) == Operands.MMX_REGISTER
        || Operands.kind(i.operand1) == Operands.MMX_REGISTER;
  }

  private static void finish(Vcpu c, DecodedInstruction i) {
    if (usesMmx(i)) {
      VectorState.useMmx(c);
    }
    VectorFloat.finish(c);
  }

  private static void finish(Vcpu c, DecodedInstruction i, long result) {
    finish(c, i);
    VectorState.storeMmx(c, i.register0, result);
  }
}
