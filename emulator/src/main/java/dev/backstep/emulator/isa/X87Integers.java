package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.floating.ExtendedIntegers;
import dev.backstep.emulator.floating.ExtendedUnit;
import dev.backstep.emulator.floating.FloatEnvironment;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// x87 loads and stores of integers. SDM Vol. 2 "FILD", "FIST/FISTP", "FISTTP", "FBLD", "FBSTP".
public final class X87Integers {
  private static final int BCD_DIGITS = 18;
  private static final int BCD_BYTES = 10;
  private static final int BCD_SIGN = 0x8000;

  // The packed BCD indefinite.
  private static final long INDEFINITE_LOW = 0xC000_0000_0000_0000L;
  private static final int INDEFINITE_HIGH = 0xFFFF;

  private enum Mode {
    ROUND,
    TRUNCATE
  }

  private X87Integers() {}

  public static void fild(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    long value = Memory.load(c, i.segment, i.effectiveAddress(c.gpr), Operands.bytes(i.operand0));
    X87Stack.begin(c, i);
    ExtendedUnit u = c.fpu.extended;
    u.b.setInteger(value);
    X87Stack.push(c.fpu, u.b.significand, u.b.signExponent);
  }

  public static void fist(Vcpu c, DecodedInstruction i) {
    store(c, i, Mode.ROUND);
  }

  public static void fistp(Vcpu c, DecodedInstruction i) {
    if (store(c, i, Mode.ROUND)) {
      X87Stack.pop(c.fpu);
    }
  }

  public static void fisttp(Vcpu c, DecodedInstruction i) {
    if (store(c, i, Mode.TRUNCATE)) {
      X87Stack.pop(c.fpu);
    }
  }

  /// False if an unmasked exception kept the store.
  private static boolean store(Vcpu c, DecodedInstruction i, Mode mode) {
    X87Stack.check(c);
    FpuState fpu = c.fpu;
    ExtendedUnit u = fpu.extended;
    int bytes = Operands.bytes(i.operand0);
    long ea = i.effectiveAddress(c.gpr);
    X87Stack.prepare(fpu);
    boolean empty = X87Stack.isEmpty(fpu, fpu.top);
    long value = empty ? indefinite(u, bytes) : topAs(fpu, bytes, mode);
    boolean stores = X87Stack.allowsStore(fpu);
    if (stores) {
      Memory.store(c, i.segment, ea, bytes, value);
    } else {
      Memory.loadForWrite(c, i.segment, ea, bytes);
    }
    X87Stack.beginStored(c, i);
    X87Stack.commitStore(fpu, empty);
    return stores;
  }

  private static long indefinite(ExtendedUnit u, int bytes) {
    u.environment.raise(FloatEnvironment.INVALID);
    return -1L << 8 * bytes - 1;
  }

  private static long topAs(FpuState fpu, int bytes, Mode mode) {
    ExtendedUnit u = fpu.extended;
    X87Stack.read(fpu, fpu.top, u.a);
    return mode == Mode.ROUND
        ? ExtendedIntegers.round(u, 8 * bytes)
        : ExtendedIntegers.truncate(u, 8 * bytes);
  }

  /// Bytes 0 to 8 hold two digits each, the lower first; bit 79 is the sign.
  public static void fbld(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    long ea = i.effectiveAddress(c.gpr);
    long low = c.mmu.load64(i.segment, ea);
    int high = c.mmu.load16(i.segment, ea + 8 & i.addressMask) & 0xFFFF;
    X87Stack.begin(c, i);
    long value = (high >> 4 & 0xF) * 10L + (high & 0xF);
    for (int k = 60; k >= 0; k -= 4) {
      value = value * 10 + (low >>> k & 0xF);
    }
    ExtendedUnit u = c.fpu.extended;
    u.b.setInteger(value);
    X87Stack.push(c.fpu, u.b.significand, u.b.signExponent | high & BCD_SIGN);
  }

  public static void fbstp(Vcpu c, DecodedInstruction i) {
    X87Stack.check(c);
    FpuState fpu = c.fpu;
    ExtendedUnit u = fpu.extended;
    long ea = i.effectiveAddress(c.gpr);
    X87Stack.prepare(fpu);
    boolean empty = X87Stack.isEmpty(fpu, fpu.top);
    long magnitude = 0;
    if (empty) {
      u.environment.raise(FloatEnvironment.INVALID);
    } else {
      X87Stack.read(fpu, fpu.top, u.a);
      magnitude = ExtendedIntegers.roundToDecimal(u);
    }
    boolean stores = X87Stack.allowsStore(fpu);
    if (stores) {
      storeDecimal(c, i, ea, magnitude);
    } else {
      c.mmu.loadForWrite64(i.segment, ea);
      c.mmu.probeWrite(i.segment, ea, BCD_BYTES);
    }
    X87Stack.beginStored(c, i);
    X87Stack.commitStore(fpu, empty);
    if (stores) {
      X87Stack.pop(fpu);
    }
  }

  private static void storeDecimal(Vcpu c, DecodedInstruction i, long ea, long magnitude) {
    ExtendedUnit u = c.fpu.extended;
    if ((u.environment.flags & FloatEnvironment.INVALID) != 0) {
      X87Operands.store80(c, i, ea, INDEFINITE_LOW, INDEFINITE_HIGH);
      return;
    }
    int sign = u.a.isNegative() ? BCD_SIGN : 0;
    X87Operands.store80(c, i, ea, lowDigits(magnitude), sign | highDigits(magnitude));
  }

  private static long lowDigits(long magnitude) {
    long digits = 0;
    long rest = magnitude;
    for (int k = 0; k < BCD_DIGITS - 2; k++) {
      digits |= rest % 10 << 4 * k;
      rest /= 10;
    }
    return digits;
  }

  private static int highDigits(long magnitude) {
    int digits = (int) (magnitude / 10_000_000_000_000_000L);
    return digits / 10 << 4 | digits % 10;
  }
}
