package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.floating.FloatConversion;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.Vcpu;

/// Conversions between elements of one size, and of scalars to scalars in vector registers. SDM
/// Vol. 2 "CVTDQ2PS" to "CVTTPS2DQ".
public final class SseConvert {
  private SseConvert() {}

  public static long cvtdq2ps(Vcpu c, long a) {
    FloatEnvironment e = c.fpu.environment;
    long low = FloatConversion.fromInteger(SINGLE, e, (int) a);
    return low | FloatConversion.fromInteger(SINGLE, e, a >> 32) << 32;
  }

  public static long cvtps2dq(Vcpu c, long a) {
    return toDoublewords(c, a, c.fpu.environment.rounding);
  }

  public static long cvttps2dq(Vcpu c, long a) {
    return toDoublewords(c, a, FloatEnvironment.TRUNCATE);
  }

  static long toDoublewords(Vcpu c, long a, int rounding) {
    FloatEnvironment e = c.fpu.environment;
    long low = FloatConversion.toInteger(SINGLE, e, a & LOW_32, 32, rounding);
    return low | FloatConversion.toInteger(SINGLE, e, a >>> 32, 32, rounding) << 32;
  }

  public static long cvtss2sd(Vcpu c, long a) {
    return FloatConversion.convert(SINGLE, DOUBLE, c.fpu.environment, a & LOW_32);
  }

  public static long cvtsd2ss(Vcpu c, long a) {
    return FloatConversion.convert(DOUBLE, SINGLE, c.fpu.environment, a);
  }

  public static long cvtsi2ss(Vcpu c, long a) {
    return FloatConversion.fromInteger(SINGLE, c.fpu.environment, a);
  }

  public static long cvtsi2sd(Vcpu c, long a) {
    return FloatConversion.fromInteger(DOUBLE, c.fpu.environment, a);
  }
}
