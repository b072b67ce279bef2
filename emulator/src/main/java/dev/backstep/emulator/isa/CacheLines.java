package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Stores of whole 64-byte lines. SDM Vol. 2 "MOVDIR64B"; APM Vol. 3 "CLZERO".
public final class CacheLines {
  private static final int LINE_BYTES = 64;

  private CacheLines() {}

  /// Clears the line that rAX points into: the line of the linear address, whatever the segment's
  /// base.
  public static void clzero(Vcpu c, DecodedInstruction i) {
    long inLine = c.gpr[Vcpu.RAX] & i.addressMask;
    long ea = inLine - (VectorState.linear(c, i, inLine) & LINE_BYTES - 1);
    c.mmu.probeWrite(i.segment, ea, LINE_BYTES);
    for (int k = 0; k < LINE_BYTES; k += 8) {
      c.mmu.store64(i.segment, ea + k, 0);
    }
  }

  /// Copies 64 bytes to ES:`register`, which must be aligned; the source need not be.
  public static void movdir64b(Vcpu c, DecodedInstruction i) {
    long to = c.gpr[i.register0] & i.addressMask;
    long base = c.mode == CpuMode.LONG64 ? 0 : c.segments[SegmentRegister.ES].base;
    if ((base + to & LINE_BYTES - 1) != 0) {
      throw c.fault.generalProtection(0);
    }
    long from = i.effectiveAddress(c.gpr);
    c.mmu.probeRead(i.segment, from, LINE_BYTES);
    c.mmu.probeWrite(SegmentRegister.ES, to, LINE_BYTES);
    copy(c, i, from, to);
  }

  /// Source and destination may overlap: all is read before any of it is written.
  private static void copy(Vcpu c, DecodedInstruction i, long from, long to) {
    long[] low = c.fpu.scratchA;
    long[] high = c.fpu.scratchB;
    for (int k = 0; k < 4; k++) {
      low[k] = c.mmu.load64(i.segment, from + 8L * k & i.addressMask);
      high[k] = c.mmu.load64(i.segment, from + 32 + 8L * k & i.addressMask);
    }
    for (int k = 0; k < 4; k++) {
      c.mmu.store64(SegmentRegister.ES, to + 8L * k, low[k]);
      c.mmu.store64(SegmentRegister.ES, to + 32 + 8L * k, high[k]);
    }
  }
}
