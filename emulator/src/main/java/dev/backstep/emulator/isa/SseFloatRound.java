package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.floating.FloatConversion;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.Vcpu;

/// Rounding to integral values. SDM Vol. 2 "ROUNDPD".
///
/// ```
/// imm8   3: inexact results are not reported   2: as MXCSR.RC says   1..0: rounding, unless bit 2
/// ```
public final class SseFloatRound {
  private static final int QUIET = 1 << 3;
  private static final int BY_MXCSR = 1 << 2;

  private SseFloatRound() {}

  public static long roundps(Vcpu c, long a, int how) {
    FloatEnvironment e = c.fpu.environment;
    int rounding = rounding(e, how);
    long low = FloatConversion.toIntegral(SINGLE, e, a & LOW_32, rounding, inexact(how));
    return low | FloatConversion.toIntegral(SINGLE, e, a >>> 32, rounding, inexact(how)) << 32;
  }

  public static long roundss(Vcpu c, long a, int how) {
    FloatEnvironment e = c.fpu.environment;
    return FloatConversion.toIntegral(SINGLE, e, a & LOW_32, rounding(e, how), inexact(how));
  }

  public static long roundpd(Vcpu c, long a, int how) {
    FloatEnvironment e = c.fpu.environment;
    return FloatConversion.toIntegral(DOUBLE, e, a, rounding(e, how), inexact(how));
  }

  private static int rounding(FloatEnvironment e, int how) {
    return (how & BY_MXCSR) != 0 ? e.rounding : how & 3;
  }

  private static int inexact(int how) {
    return (how & QUIET) != 0 ? 0 : FloatEnvironment.INEXACT;
  }
}
