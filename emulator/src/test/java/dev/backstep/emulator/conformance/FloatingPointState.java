package dev.backstep.emulator.conformance;

import dev.backstep.emulator.conformance.BoundaryValues.Kind;
import dev.backstep.emulator.vcpu.FpuState;
import java.util.SplittableRandom;

/// Draws the x87, SSE and AVX state that a case starts from.
final class FloatingPointState {
  private static final int EXCEPTION_MASKS = 0x1F80;

  private final boolean mayBeMisaligned;

  /// @param mayBeMisaligned whether the processors have MXCSR.MM
  FloatingPointState(boolean mayBeMisaligned) {
    this.mayBeMisaligned = mayBeMisaligned;
  }

  /// Fills the registers, control and status words of `state` with values of `kind` and others.
  void fill(StateRecord state, Kind kind, SplittableRandom random) {
    state.segment.asSlice(StateRecord.FX, 832).fill((byte) 0);
    state.putShort(StateRecord.FCW, controlWord(random));
    int status = random.nextInt(0x10000) & 0x7F00;
    if (random.nextInt(3) == 0) {
      status |= random.nextInt(0x80);
    }
    if ((status & ~state.getShort(StateRecord.FCW) & 0x3F) != 0) {
      // Pending exceptions make most x87 and MMX instructions #MF.
      status = random.nextInt(8) == 0 ? status | 0x8080 : status & ~0x7F;
    }
    state.putShort(StateRecord.FSW, status);
    boolean someEmpty = random.nextInt(4) == 0;
    state.putByte(StateRecord.FTW, someEmpty ? random.nextInt(256) : 0xFF);
    if ((status & 0x80) != 0) {
      state.putShort(StateRecord.FOP, random.nextInt(0x800));
      state.putLong(StateRecord.FIP, random.nextLong() >> 16);
      state.putLong(StateRecord.FDP, random.nextLong() >> 16);
    }
    state.putInt(StateRecord.MXCSR, mxcsr(random));
    for (int k = 0; k < 8; k++) {
      long significand =
          BoundaryValues.lanes(random.nextInt(3) == 0 ? kind : Kind.EXTENDED, random);
      int signExponent = BoundaryValues.signExponent(random);
      switch (random.nextInt(24)) {
        case 0, 1 -> {
          significand = 0;
          signExponent &= 0x8000;
        }
        case 2 -> {
          significand = 1L << 63;
          signExponent |= 0x7FFF;
        }
        case 3 -> {
          significand = k == 0 ? significand : state.getLong(StateRecord.ST);
          signExponent = k == 0 ? signExponent : state.getShort(StateRecord.ST + 8);
        }
        default -> {}
      }
      state.putLong(StateRecord.ST + 16L * k, significand);
      state.putShort(StateRecord.ST + 16L * k + 8, signExponent);
    }
    vectors(state, kind, random);
    state.putLong(StateRecord.XSTATE_BV, 7);
  }

  private static void vectors(StateRecord state, Kind kind, SplittableRandom random) {
    for (int k = 0; k < 32; k++) {
      boolean repeated = k >= 2 && random.nextInt(16) == 0;
      long low = repeated ? state.getLong(StateRecord.XMM + 8L * k - 16) : lane(kind, random);
      state.putLong(StateRecord.XMM + 8L * k, low);
      boolean same = random.nextInt(16) == 0;
      state.putLong(StateRecord.YMM + 8L * k, same ? low : lane(kind, random));
    }
  }

  private static long lane(Kind kind, SplittableRandom random) {
    return random.nextInt(12) == 0
        ? BoundaryValues.integer(random)
        : BoundaryValues.lanes(kind, random);
  }

  /// Any rounding, mostly with all exceptions masked.
  int mxcsr(SplittableRandom random) {
    int rounding = random.nextInt(4) << 13;
    int flush = random.nextInt(4) == 0 ? 0x8000 : 0;
    int daz = random.nextInt(4) == 0 ? 0x40 : 0;
    int misaligned = mayBeMisaligned && random.nextInt(8) == 0 ? FpuState.MXCSR_MISALIGNED : 0;
    int sticky = random.nextInt(3) == 0 ? random.nextInt(0x40) : 0;
    int masks = random.nextInt(4) == 0 ? random.nextInt(0x40) << 7 : EXCEPTION_MASKS;
    return misaligned | rounding | flush | daz | sticky | masks;
  }

  /// Any rounding and precision, mostly with all exceptions masked.
  static int controlWord(SplittableRandom random) {
    int masks = random.nextInt(4) == 0 ? random.nextInt(0x40) : 0x3F;
    int precision = random.nextInt(3) == 0 ? random.nextInt(4) : 3;
    return masks | 0x40 | precision << 8 | random.nextInt(4) << 10;
  }
}
