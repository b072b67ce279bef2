package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// Packed integer instructions whose MMX form is no lane of the SSE form. SDM Vol. 2 "PUNPCKLBW"
/// and the others.
public final class MmxInteger {
  private MmxInteger() {}

  public static long punpcklbw(long a, long b) {
    return PackedLanes.interleaveBytes(a, b);
  }

  public static long punpcklwd(long a, long b) {
    return PackedLanes.interleaveWords(a, b);
  }

  public static long punpckldq(long a, long b) {
    return PackedLanes.interleaveDoublewords(a, b);
  }

  public static long punpckhbw(long a, long b) {
    return PackedLanes.interleaveBytes(a >>> 32, b >>> 32);
  }

  public static long punpckhwd(long a, long b) {
    return PackedLanes.interleaveWords(a >>> 32, b >>> 32);
  }

  public static long punpckhdq(long a, long b) {
    return PackedLanes.interleaveDoublewords(a >>> 32, b >>> 32);
  }

  public static long packsswb(long a, long b) {
    return PackedLanes.packWordsSigned(a) | PackedLanes.packWordsSigned(b) << 32;
  }

  public static long packuswb(long a, long b) {
    return PackedLanes.packWordsUnsigned(a) | PackedLanes.packWordsUnsigned(b) << 32;
  }

  public static long packssdw(long a, long b) {
    return PackedLanes.packDoublewordsSigned(a) | PackedLanes.packDoublewordsSigned(b) << 32;
  }

  public static void pshufw(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    long source =
        i.isMemory()
            ? c.mmu.load64(i.segment, i.effectiveAddress(c.gpr))
            : c.fpu.significand[i.register1];
    VectorState.storeMmx(c, i.register0, PackedLanes.shuffleWords(source, i.immediate));
  }

  public static void pinsrw(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    long word =
        i.isMemory() ? c.mmu.load16(i.segment, i.effectiveAddress(c.gpr)) : c.gpr[i.register1];
    long old = c.fpu.significand[i.register0];
    VectorState.storeMmx(c, i.register0, PackedLanes.insertWord(old, word, i.immediate));
  }

  public static void pextrw(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    VectorState.useMmx(c);
    long source = c.fpu.significand[i.register1];
    c.gpr[i.register0] = source >>> 16 * (i.immediate & 3) & 0xFFFF;
  }

  public static void pmovmskb(Vcpu c, DecodedInstruction i) {
    VectorState.requireMmx(c);
    VectorState.useMmx(c);
    c.gpr[i.register0] = PackedLanes.byteSigns(c.fpu.significand[i.register1]);
  }
}
