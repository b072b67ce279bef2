package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.floating.FloatComparison;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.Vcpu;

/// Comparisons. SDM Vol. 2 "CMPPD", "COMISD", "UCOMISD".
public final class SseCompare {
  /// Legacy instructions know the first eight predicates and ignore the bits beyond.
  private static final int LEGACY_PREDICATE = 7;

  private static final int PREDICATE = 31;

  private SseCompare() {}

  public static long cmpps(Vcpu c, long a, long b, int predicate) {
    return singles(c, a, b, predicate & LEGACY_PREDICATE);
  }

  public static long cmpss(Vcpu c, long a, long b, int predicate) {
    return single(c, a, b, predicate & LEGACY_PREDICATE);
  }

  public static long cmppd(Vcpu c, long a, long b, int predicate) {
    return doubles(c, a, b, predicate & LEGACY_PREDICATE);
  }

  public static long vcmpps(Vcpu c, long a, long b, int predicate) {
    return singles(c, a, b, predicate & PREDICATE);
  }

  public static long vcmpss(Vcpu c, long a, long b, int predicate) {
    return single(c, a, b, predicate & PREDICATE);
  }

  public static long vcmppd(Vcpu c, long a, long b, int predicate) {
    return doubles(c, a, b, predicate & PREDICATE);
  }

  private static long singles(Vcpu c, long a, long b, int predicate) {
    return single(c, a, b, predicate) | single(c, a >>> 32, b >>> 32, predicate) << 32;
  }

  private static long single(Vcpu c, long a, long b, int predicate) {
    FloatEnvironment e = c.fpu.environment;
    return FloatComparison.holds(SINGLE, e, a & LOW_32, b & LOW_32, predicate) ? LOW_32 : 0;
  }

  private static long doubles(Vcpu c, long a, long b, int predicate) {
    return FloatComparison.holds(DOUBLE, c.fpu.environment, a, b, predicate) ? -1 : 0;
  }

  public static void comiss(Vcpu c, long a, long b) {
    setFlags(c, FloatComparison.compare(SINGLE, c.fpu.environment, a & LOW_32, b & LOW_32));
  }

  public static void comisd(Vcpu c, long a, long b) {
    setFlags(c, FloatComparison.compare(DOUBLE, c.fpu.environment, a, b));
  }

  public static void ucomiss(Vcpu c, long a, long b) {
    setFlags(c, FloatComparison.compareQuietly(SINGLE, c.fpu.environment, a & LOW_32, b & LOW_32));
  }

  public static void ucomisd(Vcpu c, long a, long b) {
    setFlags(c, FloatComparison.compareQuietly(DOUBLE, c.fpu.environment, a, b));
  }

  private static void setFlags(Vcpu c, int relation) {
    VectorFloat.finish(c);
    int flags =
        switch (relation) {
          case FloatComparison.LESS -> Rflags.CF;
          case FloatComparison.EQUAL -> Rflags.ZF;
          case FloatComparison.GREATER -> 0;
          default -> Rflags.ZF | Rflags.PF | Rflags.CF;
        };
    Rflags.setArithmetic(c, flags);
  }
}
