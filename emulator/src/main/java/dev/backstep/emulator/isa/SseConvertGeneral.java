package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.floating.FloatConversion;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.floating.FloatFormat;
import dev.backstep.emulator.vcpu.Vcpu;

/// Conversions of scalars to general registers. SDM Vol. 2 "CVTSD2SI" to "CVTTSS2SI".
public final class SseConvertGeneral {
  private SseConvertGeneral() {}

  public static void cvtss2si(Vcpu c, DecodedInstruction i) {
    long a = begin(c, i);
    finish(c, i, SINGLE, a, c.fpu.environment.rounding);
  }

  public static void cvttss2si(Vcpu c, DecodedInstruction i) {
    finish(c, i, SINGLE, begin(c, i), FloatEnvironment.TRUNCATE);
  }

  public static void cvtsd2si(Vcpu c, DecodedInstruction i) {
    long a = begin(c, i);
    finish(c, i, DOUBLE, a, c.fpu.environment.rounding);
  }

  public static void cvttsd2si(Vcpu c, DecodedInstruction i) {
    finish(c, i, DOUBLE, begin(c, i), FloatEnvironment.TRUNCATE);
  }

  /// The source.
  private static long begin(Vcpu c, DecodedInstruction i) {
    VectorOperands.require(c, i);
    VectorOperands.load(c, i, 1, c.fpu.scratchA);
    VectorFloat.begin(c);
    return c.fpu.scratchA[0];
  }

  private static void finish(
      Vcpu c, DecodedInstruction i, FloatFormat format, long a, int rounding) {
    int bytes = Operands.bytes(i.operand0);
    long result = FloatConversion.toInteger(format, c.fpu.environment, a, 8 * bytes, rounding);
    VectorFloat.finish(c);
    Registers.store(c, i.register0, bytes, result);
  }
}
