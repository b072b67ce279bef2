package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatArithmetic.NEGATE_ADDEND;
import static dev.backstep.emulator.floating.FloatArithmetic.NEGATE_PRODUCT;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.Vcpu;

/// Fused multiply-add of packed singles, two in a lane. The digits in the names say which of the
/// operands are multiplied and which one is added; NaNs are looked for in that order. SDM Vol. 1
/// "Fused-Multiply-ADD (FMA) Numeric Behavior", Vol. 2 "VFMADD132PS", "VFMADDSUB132PS".
public final class SseFloatFusedSingle {
  private SseFloatFusedSingle() {}

  public static long vfmadd132ps(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, 0);
  }

  public static long vfmadd213ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, 0);
  }

  public static long vfmadd231ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, 0);
  }

  public static long vfmsub132ps(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_ADDEND);
  }

  public static long vfmsub213ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_ADDEND);
  }

  public static long vfmsub231ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_ADDEND);
  }

  public static long vfnmadd132ps(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_PRODUCT);
  }

  public static long vfnmadd213ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_PRODUCT);
  }

  public static long vfnmadd231ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_PRODUCT);
  }

  public static long vfnmsub132ps(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  public static long vfnmsub213ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  public static long vfnmsub231ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  public static long vfmaddsub132ps(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_ADDEND, 0);
  }

  public static long vfmaddsub213ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_ADDEND, 0);
  }

  public static long vfmaddsub231ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_ADDEND, 0);
  }

  public static long vfmsubadd132ps(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, 0, NEGATE_ADDEND);
  }

  public static long vfmsubadd213ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, 0, NEGATE_ADDEND);
  }

  public static long vfmsubadd231ps(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, 0, NEGATE_ADDEND);
  }

  private static long fused(Vcpu c, long x, long y, long addend, int signs) {
    return fused(c, x, y, addend, signs, signs);
  }

  private static long fused(Vcpu c, long x, long y, long addend, int lowSigns, int highSigns) {
    FloatEnvironment e = c.fpu.environment;
    long low =
        FloatArithmetic.fusedMultiplyAdd(
            SINGLE, e, x & LOW_32, y & LOW_32, addend & LOW_32, lowSigns);
    long high =
        FloatArithmetic.fusedMultiplyAdd(SINGLE, e, x >>> 32, y >>> 32, addend >>> 32, highSigns);
    return low | high << 32;
  }
}
