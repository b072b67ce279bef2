package dev.backstep.emulator.isa;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;

/// XSAVE, XSAVEOPT, XSAVEC, XSAVES, XRSTOR and XRSTORS.
///
/// ```
///   0 legacy region, as FXSAVE has it: x87 and SSE state, MXCSR
/// 512 XSTATE_BV: components that are there    520 XCOMP_BV: bit 63 compacted, and with what room
/// 528 to 575 zero
/// 576 the other components: in the standard format each at its place, in the compacted one without
///     gaps, in the order of their numbers
/// ```
///
/// SDM Vol. 1 "Managing State Using the XSAVE Feature Set".
public final class ExtendedState {
  private static final int HEADER_END = 576;
  private static final int XSTATE_BV = 512;
  private static final int XCOMP_BV = 520;
  private static final int RESERVED = 528;
  private static final long COMPACTED = 1L << 63;
  private static final long X87 = ControlBits.XCR0_X87;
  private static final long SSE = ControlBits.XCR0_SSE;
  private static final long SSE_OR_AVX = SSE | ControlBits.XCR0_AVX;

  private ExtendedState() {}

  /// Writes all that is asked for, and says what of it is in use.
  public static void xsave(Vcpu c, DecodedInstruction i) {
    long requested = requested(c, c.xcr0);
    save(c, i, requested, requested);
  }

  /// Writes what is in use of what is asked for. That it has not changed since the last XRSTOR is
  /// never taken for a reason to leave it out.
  public static void xsaveopt(Vcpu c, DecodedInstruction i) {
    long requested = requested(c, c.xcr0);
    save(c, i, requested, requested & ExtendedComponents.inUse(c));
  }

  private static void save(Vcpu c, DecodedInstruction i, long requested, long saved) {
    long ea = area(c, i);
    Memory.probeImageForWrite(c, i.segment, ea, c.cpuid.standardBytes(requested));
    storeLegacy(c, i, ea, saved);
    if ((requested & SSE_OR_AVX) != 0) {
      FpuSave.storeMxcsr(c, i, ea);
    }
    for (long left = extended(saved); left != 0; left &= left - 1) {
      int k = Long.numberOfTrailingZeros(left);
      ExtendedComponents.store(c, i, standard(c, i, ea, k), k);
    }
    long others = c.mmu.load64(i.segment, FpuSave.at(i, ea, XSTATE_BV)) & ~requested;
    long present = requested & ExtendedComponents.inUse(c);
    c.mmu.store64(i.segment, FpuSave.at(i, ea, XSTATE_BV), others | present);
  }

  private static void storeLegacy(Vcpu c, DecodedInstruction i, long ea, long saved) {
    if ((saved & X87) != 0) {
      FpuSave.storeX87(c, i, ea);
    }
    if ((saved & SSE) != 0) {
      FpuSave.storeXmm(c, i, ea);
    }
  }

  /// Without those of the legacy region.
  private static long extended(long components) {
    return components & -1L << ExtendedComponents.FIRST;
  }

  private static long standard(Vcpu c, DecodedInstruction i, long ea, int k) {
    return FpuSave.at(i, ea, c.cpuid.stateOffset(k));
  }

  public static void xsavec(Vcpu c, DecodedInstruction i) {
    saveCompacted(c, i, requested(c, c.xcr0));
  }

  public static void xsaves(Vcpu c, DecodedInstruction i) {
    saveCompacted(c, i, requestedBySupervisor(c));
  }

  /// MXCSR belongs to the SSE component here, and is written only with it.
  private static void saveCompacted(Vcpu c, DecodedInstruction i, long requested) {
    long ea = area(c, i);
    long saved = requested & ExtendedComponents.inUseWithMxcsr(c);
    Memory.probeImageForWrite(c, i.segment, ea, c.cpuid.compactedBytes(requested));
    storeLegacy(c, i, ea, saved);
    if ((saved & SSE) != 0) {
      FpuSave.storeMxcsr(c, i, ea);
    }
    int offset = HEADER_END;
    for (long left = extended(requested); left != 0; left &= left - 1) {
      int k = Long.numberOfTrailingZeros(left);
      if (ExtendedComponents.has(saved, k)) {
        ExtendedComponents.store(c, i, FpuSave.at(i, ea, offset), k);
      }
      offset += c.cpuid.stateBytes(k);
    }
    c.mmu.store64(i.segment, FpuSave.at(i, ea, XSTATE_BV), saved);
    c.mmu.store64(i.segment, FpuSave.at(i, ea, XCOMP_BV), requested | COMPACTED);
  }

  public static void xrstor(Vcpu c, DecodedInstruction i) {
    long requested = requested(c, c.xcr0);
    long ea = area(c, i);
    probeHeader(c, i, ea);
    long format = quadword(c, i, ea, XCOMP_BV);
    if (format < 0 && c.cpuid.has(CpuFeature.XSAVEC)) {
      restoreCompacted(c, i, ea, requested, c.xcr0);
      return;
    }
    long present = quadword(c, i, ea, XSTATE_BV);
    require(c, (present & ~c.xcr0) == 0 && (format | quadword(c, i, ea, RESERVED)) == 0);
    Memory.probeImage(c, i.segment, ea, c.cpuid.standardBytes(requested));
    if ((requested & SSE_OR_AVX) != 0) {
      c.fpu.mxcsr = mxcsr(c, i, ea);
    }
    restoreLegacy(c, i, ea, requested, present);
    for (long left = extended(requested); left != 0; left &= left - 1) {
      int k = Long.numberOfTrailingZeros(left);
      if (ExtendedComponents.has(present, k)) {
        ExtendedComponents.load(c, i, standard(c, i, ea, k), k);
      } else {
        ExtendedComponents.initialise(c, k);
      }
    }
  }

  /// The compacted format only.
  public static void xrstors(Vcpu c, DecodedInstruction i) {
    long requested = requestedBySupervisor(c);
    long ea = area(c, i);
    probeHeader(c, i, ea);
    require(c, quadword(c, i, ea, XCOMP_BV) < 0);
    restoreCompacted(c, i, ea, requested, c.xcr0 | c.msr.xss);
  }

  private static void restoreCompacted(
      Vcpu c, DecodedInstruction i, long ea, long requested, long allowed) {
    long room = quadword(c, i, ea, XCOMP_BV) & ~COMPACTED;
    long present = quadword(c, i, ea, XSTATE_BV);
    require(c, (room & ~allowed) == 0 && (present & ~room) == 0 && isReservedZero(c, i, ea));
    Memory.probeImage(c, i.segment, ea, c.cpuid.compactedBytes(room));
    if ((requested & SSE) != 0) {
      c.fpu.mxcsr = (present & SSE) != 0 ? mxcsr(c, i, ea) : FpuState.MXCSR_DEFAULT;
    }
    restoreLegacy(c, i, ea, requested, present);
    int offset = HEADER_END;
    for (long left = extended(requested | room); left != 0; left &= left - 1) {
      int k = Long.numberOfTrailingZeros(left);
      if (ExtendedComponents.has(requested & present, k)) {
        ExtendedComponents.load(c, i, FpuSave.at(i, ea, offset), k);
      } else if (ExtendedComponents.has(requested, k)) {
        ExtendedComponents.initialise(c, k);
      }
      offset += ExtendedComponents.has(room, k) ? c.cpuid.stateBytes(k) : 0;
    }
  }

  private static void restoreLegacy(
      Vcpu c, DecodedInstruction i, long ea, long requested, long present) {
    if ((requested & present & X87) != 0) {
      FpuSave.loadX87(c, i, ea);
    } else if ((requested & X87) != 0) {
      ExtendedComponents.initialise(c, 0);
    }
    if ((requested & present & SSE) != 0) {
      FpuSave.loadXmm(c, i, ea);
    } else if ((requested & SSE) != 0) {
      ExtendedComponents.initialise(c, 1);
    }
  }

  private static int mxcsr(Vcpu c, DecodedInstruction i, long ea) {
    return FpuSave.checked(c, c.mmu.load32(i.segment, FpuSave.at(i, ea, FpuSave.MXCSR)));
  }

  /// All checks of a read of legacy region and header: an AMD EPYC looks at the first byte and then
  /// at the header.
  private static void probeHeader(Vcpu c, DecodedInstruction i, long ea) {
    if (c.cpuid.vendor().looksAtImageEnds()) {
      c.mmu.probeRead(i.segment, ea, 1);
      c.mmu.probeRead(i.segment, FpuSave.at(i, ea, XSTATE_BV), 1);
    }
    c.mmu.probeRead(i.segment, ea, HEADER_END);
  }

  private static long quadword(Vcpu c, DecodedInstruction i, long ea, int offset) {
    return c.mmu.load64(i.segment, FpuSave.at(i, ea, offset));
  }

  private static boolean isReservedZero(Vcpu c, DecodedInstruction i, long ea) {
    long bits = 0;
    for (int offset = RESERVED; offset < HEADER_END; offset += 8) {
      bits |= quadword(c, i, ea, offset);
    }
    return bits == 0;
  }

  private static void require(Vcpu c, boolean legal) {
    if (!legal) {
      throw c.fault.generalProtection(0);
    }
  }

  /// The address of the area: a multiple of 64.
  private static long area(Vcpu c, DecodedInstruction i) {
    long ea = i.effectiveAddress(c.gpr);
    VectorState.requireAligned(c, i, ea, 64);
    return ea;
  }

  private static long requestedBySupervisor(Vcpu c) {
    long requested = requested(c, c.xcr0 | c.msr.xss);
    Privilege.requireZero(c);
    return requested;
  }

  /// The state components that are enabled and that EDX:EAX selects.
  private static long requested(Vcpu c, long enabled) {
    if (!c.cr4(ControlBits.CR4_OSXSAVE)) {
      throw c.fault.undefinedOpcode();
    }
    if (c.cr0(ControlBits.CR0_TS)) {
      throw c.fault.withoutCode(GuestFault.NM);
    }
    return enabled & (c.gpr[Vcpu.RDX] << 32 | c.gpr[Vcpu.RAX] & Registers.LOW_32);
  }
}
