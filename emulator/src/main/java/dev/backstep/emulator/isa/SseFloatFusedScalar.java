package dev.backstep.emulator.isa;

import static dev.backstep.emulator.floating.FloatArithmetic.NEGATE_ADDEND;
import static dev.backstep.emulator.floating.FloatArithmetic.NEGATE_PRODUCT;
import static dev.backstep.emulator.floating.FloatFormat.SINGLE;
import static dev.backstep.emulator.isa.Registers.LOW_32;

import dev.backstep.emulator.floating.FloatArithmetic;
import dev.backstep.emulator.vcpu.Vcpu;

/// Fused multiply-add of scalar singles. The digits in the names say which of the operands are
/// multiplied and which one is added; NaNs are looked for in that order. SDM Vol. 1
/// "Fused-Multiply-ADD (FMA) Numeric Behavior", Vol. 2 "VFMADD132SS".
public final class SseFloatFusedScalar {
  private SseFloatFusedScalar() {}

  public static long vfmadd132ss(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, 0);
  }

  public static long vfmadd213ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, 0);
  }

  public static long vfmadd231ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, 0);
  }

  public static long vfmsub132ss(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_ADDEND);
  }

  public static long vfmsub213ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_ADDEND);
  }

  public static long vfmsub231ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_ADDEND);
  }

  public static long vfnmadd132ss(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_PRODUCT);
  }

  public static long vfnmadd213ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_PRODUCT);
  }

  public static long vfnmadd231ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_PRODUCT);
  }

  public static long vfnmsub132ss(Vcpu c, long a, long b, long c3) {
    return fused(c, a, c3, b, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  public static long vfnmsub213ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, a, c3, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  public static long vfnmsub231ss(Vcpu c, long a, long b, long c3) {
    return fused(c, b, c3, a, NEGATE_PRODUCT | NEGATE_ADDEND);
  }

  private static long fused(Vcpu c, long x, long y, long addend, int signs) {
    return FloatArithmetic.fusedMultiplyAdd(
        SINGLE, c.fpu.environment, x & LOW_32, y & LOW_32, addend & LOW_32, signs);
  }
}
