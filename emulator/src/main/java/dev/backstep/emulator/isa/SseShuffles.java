package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// Shuffles, insertions and extractions of elements of XMM registers, and shifts by bytes. SDM Vol.
/// 2 "PSHUFD" and the others.
public final class SseShuffles {
  private SseShuffles() {}

  public static void pshufd(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long low = VectorState.sourceLow(c, i);
    long high = VectorState.sourceHigh(c, i);
    long order = i.immediate;
    VectorState.storeXmm(
        c,
        i.register0,
        doubleword(low, high, order) | doubleword(low, high, order >>> 2) << 32,
        doubleword(low, high, order >>> 4) | doubleword(low, high, order >>> 6) << 32);
  }

  /// Doubleword `index & 3` of `high:low`, zero-extended.
  static long doubleword(long low, long high, long index) {
    long half = (index & 2) == 0 ? low : high;
    return half >>> 32 * (index & 1) & 0xFFFF_FFFFL;
  }

  public static void pshuflw(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long low = PackedLanes.shuffleWords(VectorState.sourceLow(c, i), i.immediate);
    VectorState.storeXmm(c, i.register0, low, VectorState.sourceHigh(c, i));
  }

  public static void pshufhw(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long high = PackedLanes.shuffleWords(VectorState.sourceHigh(c, i), i.immediate);
    VectorState.storeXmm(c, i.register0, VectorState.sourceLow(c, i), high);
  }

  public static void pinsrw(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long word =
        i.isMemory() ? c.mmu.load16(i.segment, i.effectiveAddress(c.gpr)) : c.gpr[i.register1];
    int lane = 2 * i.register0 + (int) (i.immediate >>> 2 & 1);
    c.fpu.xmm[lane] = PackedLanes.insertWord(c.fpu.xmm[lane], word, i.immediate);
  }

  public static void pextrw(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long lane = c.fpu.xmm[2 * i.register1 + (int) (i.immediate >>> 2 & 1)];
    c.gpr[i.register0] = lane >>> 16 * (i.immediate & 3) & 0xFFFF;
  }

  public static void pmovmskb(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    long low = PackedLanes.byteSigns(c.fpu.xmm[2 * i.register1]);
    c.gpr[i.register0] = low | PackedLanes.byteSigns(c.fpu.xmm[2 * i.register1 + 1]) << 8;
  }

  public static void psrldq(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    int bits = 8 * (int) Math.min(i.immediate & 0xFF, 16);
    long low = c.fpu.xmm[2 * i.register0];
    long high = c.fpu.xmm[2 * i.register0 + 1];
    // Counts out of 0 to 63 shift everything out, so that one of the two parts of the low half
    // vanishes.
    long carried = bits < 64 ? left(high, 64 - bits) : right(high, bits - 64);
    VectorState.storeXmm(c, i.register0, right(low, bits) | carried, right(high, bits));
  }

  public static void pslldq(Vcpu c, DecodedInstruction i) {
    VectorState.requireSse(c);
    int bits = 8 * (int) Math.min(i.immediate & 0xFF, 16);
    long low = c.fpu.xmm[2 * i.register0];
    long high = c.fpu.xmm[2 * i.register0 + 1];
    long carried = bits < 64 ? right(low, 64 - bits) : left(low, bits - 64);
    VectorState.storeXmm(c, i.register0, left(low, bits), left(high, bits) | carried);
  }

  private static long right(long a, int bits) {
    return SseInteger.psrlq(a, bits);
  }

  private static long left(long a, int bits) {
    return SseInteger.psllq(a, bits);
  }
}
