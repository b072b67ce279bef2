package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatArithmetic.NEGATE_ADDEND;
import static dev.backstep.emulator.floating.FloatArithmetic.NEGATE_PRODUCT;
import static dev.backstep.emulator.floating.FloatFormat.DOUBLE;

import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.vcpu.Vcpu;

/// Fused multiply-add of doubles, packed and scalar. The digits in the names say which of the
/// operands are multiplied and which one is added; NaNs are looked for in that order. SDM Vol. 1
/// "Fused-Multiply-ADD (FMA) Numeric Behavior", Vol. 2 "VFMADD132PD".
public final class SseFloatFusedDouble {
  private SseFloatFusedDouble() {}

  public static long vfmadd132pd(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, 0);
  }

  public static long vfmadd213pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, 0);
  }

  public static long vfmadd231pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, 0);
  }

  public static long vfmsub132pd(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_ADDEND);
  }

  public static long vfmsub213pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_ADDEND);
  }

  public static long vfmsub231pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_ADDEND);
  }

  public static long vfnmadd132pd(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_PRODUCT);
  }

  public static long vfnmadd213pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_PRODUCT);
  }

  public static long vfnmadd231pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_PRODUCT);
  }

  public static long vfnmsub132pd(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  public static long vfnmsub213pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  public static long vfnmsub231pd(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  static long fused(Vcpu c, long x, long y, long addend, int signs) {
    return FloatArithmetic.fusedMultiplyAdd(DOUBLE, c.fpu.environment, x, y, addend, signs);
  }
}
