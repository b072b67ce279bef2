package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.floating.PlainArithmetic;
import dev.backstep.emulator.vcpu.Vcpu;

/// Arithmetic on 64-bit lanes of two singles (`ps`) or one double (`pd`, which serves scalars, too)
/// and on one single in the low half (`ss`). SDM Vol. 2 "ADDPD" to "SUBSS".
public final class SseFloat {
  private SseFloat() {}

  public static long addps(Vcpu c, long a, long b) {
    FloatEnvironment e = c.fpu.environment;
    long low = PlainArithmetic.addSingles(e, a & LOW_32, b & LOW_32);
    return low | PlainArithmetic.addSingles(e, a >>> 32, b >>> 32) << 32;
  }

  public static long addss(Vcpu c, long a, long b) {
    return PlainArithmetic.addSingles(c.fpu.environment, a & LOW_32, b & LOW_32);
  }

  public static long addpd(Vcpu c, long a, long b) {
    return PlainArithmetic.addDoubles(c.fpu.environment, a, b);
  }

  public static long subps(Vcpu c, long a, long b) {
    FloatEnvironment e = c.fpu.environment;
    long low = PlainArithmetic.subtractSingles(e, a & LOW_32, b & LOW_32);
    return low | PlainArithmetic.subtractSingles(e, a >>> 32, b >>> 32) << 32;
  }

  public static long subss(Vcpu c, long a, long b) {
    return PlainArithmetic.subtractSingles(c.fpu.environment, a & LOW_32, b & LOW_32);
  }

  public static long subpd(Vcpu c, long a, long b) {
    return PlainArithmetic.subtractDoubles(c.fpu.environment, a, b);
  }

  public static long mulps(Vcpu c, long a, long b) {
    FloatEnvironment e = c.fpu.environment;
    long low = PlainArithmetic.multiplySingles(e, a & LOW_32, b & LOW_32);
    return low | PlainArithmetic.multiplySingles(e, a >>> 32, b >>> 32) << 32;
  }

  public static long mulss(Vcpu c, long a, long b) {
    return PlainArithmetic.multiplySingles(c.fpu.environment, a & LOW_32, b & LOW_32);
  }

  public static long mulpd(Vcpu c, long a, long b) {
    return PlainArithmetic.multiplyDoubles(c.fpu.environment, a, b);
  }

  public static long divps(Vcpu c, long a, long b) {
    FloatEnvironment e = c.fpu.environment;
    long low = PlainArithmetic.divideSingles(e, a & LOW_32, b & LOW_32);
    return low | PlainArithmetic.divideSingles(e, a >>> 32, b >>> 32) << 32;
  }

  public static long divss(Vcpu c, long a, long b) {
    return PlainArithmetic.divideSingles(c.fpu.environment, a & LOW_32, b & LOW_32);
  }

  public static long divpd(Vcpu c, long a, long b) {
    return PlainArithmetic.divideDoubles(c.fpu.environment, a, b);
  }

  public static long minps(Vcpu c, long a, long b) {
    FloatEnvironment e = c.fpu.environment;
    long low = FloatArithmetic.minimum(SINGLE, e, a & LOW_32, b & LOW_32);
    return low | FloatArithmetic.minimum(SINGLE, e, a >>> 32, b >>> 32) << 32;
  }

  public static long minss(Vcpu c, long a, long b) {
    return FloatArithmetic.minimum(SINGLE, c.fpu.environment, a & LOW_32, b & LOW_32);
  }

  public static long minpd(Vcpu c, long a, long b) {
    return FloatArithmetic.minimum(DOUBLE, c.fpu.environment, a, b);
  }

  public static long maxps(Vcpu c, long a, long b) {
    FloatEnvironment e = c.fpu.environment;
    long low = FloatArithmetic.maximum(SINGLE, e, a & LOW_32, b & LOW_32);
    return low | FloatArithmetic.maximum(SINGLE, e, a >>> 32, b >>> 32) << 32;
  }

  public static long maxss(Vcpu c, long a, long b) {
    return FloatArithmetic.maximum(SINGLE, c.fpu.environment, a & LOW_32, b & LOW_32);
  }

  public static long maxpd(Vcpu c, long a, long b) {
    return FloatArithmetic.maximum(DOUBLE, c.fpu.environment, a, b);
  }

  public static long sqrtps(Vcpu c, long a) {
    FloatEnvironment e = c.fpu.environment;
    long low = PlainArithmetic.squareRootOfSingle(e, a & LOW_32);
    return low | PlainArithmetic.squareRootOfSingle(e, a >>> 32) << 32;
  }

  public static long sqrtss(Vcpu c, long a) {
    return PlainArithmetic.squareRootOfSingle(c.fpu.environment, a & LOW_32);
  }

  public static long sqrtpd(Vcpu c, long a) {
    return PlainArithmetic.squareRootOfDouble(c.fpu.environment, a);
  }
}
