package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.msr.ControlFlowMsrs;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.FpuState;
import dev.backstep.emulator.vcpu.Vcpu;

/// The state components of the XSAVE feature set: whether each is in its initial configuration, and
/// how those beyond the legacy region are saved, restored and initialised. A new component is a
/// case in each switch, and a size and place in CPUID's table. SDM Vol. 1 "State Components and the
/// XSAVE Area".
final class ExtendedComponents {
  /// The first beyond the legacy region.
  static final int FIRST = 2;

  private static final int AVX = 2;
  private static final int PKRU = 9;
  private static final int CET_USER = 11;
  private static final int CET_SUPERVISOR = 12;

  /// IA32_PL0_SSP to IA32_PL2_SSP.
  private static final int SUPERVISOR_LEVELS = 3;

  private static final int INITIAL_CONTROL = 0x37F;

  private ExtendedComponents() {}

  /// XINUSE: the components that are not in their initial configuration. MXCSR does not count. SDM
  /// Vol. 1 "Processor Tracking of XSAVE-Managed State": judged by the values, as an AMD EPYC does.
  static long inUse(Vcpu c) {
    FpuState fpu = c.fpu;
    long components = isX87InUse(fpu) ? ControlBits.XCR0_X87 : 0;
    components |= anyBit(fpu.xmm) ? ControlBits.XCR0_SSE : 0;
    components |= anyBit(fpu.ymmHigh) ? ControlBits.XCR0_AVX : 0;
    components |= c.pkru != 0 ? 1L << PKRU : 0;
    long[] ssp = c.cet.privilegeSsp;
    components |= (c.cet.user | ssp[3]) != 0 ? 1L << CET_USER : 0;
    components |= (ssp[0] | ssp[1] | ssp[2]) != 0 ? 1L << CET_SUPERVISOR : 0;
    return components;
  }

  /// The same where MXCSR belongs to the SSE component.
  static long inUseWithMxcsr(Vcpu c) {
    boolean initial = c.fpu.mxcsr == FpuState.MXCSR_DEFAULT;
    return inUse(c) | (initial ? 0 : ControlBits.XCR0_SSE);
  }

  private static boolean isX87InUse(FpuState fpu) {
    int words = fpu.controlWord ^ INITIAL_CONTROL | fpu.statusWord | fpu.top | fpu.tagValid;
    words |= fpu.lastOpcode | fpu.lastInstructionSelector | fpu.lastDataSelector;
    boolean stack = anyBit(fpu.significand);
    for (int signExponent : fpu.signExponent) {
      stack |= signExponent != 0;
    }
    return words != 0 || (fpu.lastInstructionPointer | fpu.lastDataPointer) != 0 || stack;
  }

  private static boolean anyBit(long[] values) {
    long bits = 0;
    for (long value : values) {
      bits |= value;
    }
    return bits != 0;
  }

  /// Whether `components` has component `k`.
  static boolean has(long components, int k) {
    return (components >>> k & 1) != 0;
  }

  /// Writes component `k` to `ea`. Of AVX, what 64-bit mode alone has is left out in others.
  static void store(Vcpu c, DecodedInstruction i, long ea, int k) {
    switch (k) {
      case AVX -> {
        for (int half = 0; half < 2 * FpuSave.xmmRegisters(c); half++) {
          c.mmu.store64(i.segment, FpuSave.at(i, ea, 8 * half), c.fpu.ymmHigh[half]);
        }
      }
      case PKRU -> c.mmu.store64(i.segment, ea, c.pkru & Registers.LOW_32);
      case CET_USER -> {
        c.mmu.store64(i.segment, ea, c.cet.user);
        c.mmu.store64(i.segment, FpuSave.at(i, ea, 8), c.cet.privilegeSsp[3]);
      }
      case CET_SUPERVISOR -> {
        for (int level = 0; level < SUPERVISOR_LEVELS; level++) {
          long slot = FpuSave.at(i, ea, 8 * level);
          c.mmu.store64(i.segment, slot, c.cet.privilegeSsp[level]);
        }
      }
      default -> throw new AssertionError("state component " + k);
    }
  }

  /// Reads component `k` from `ea`.
  static void load(Vcpu c, DecodedInstruction i, long ea, int k) {
    switch (k) {
      case AVX -> {
        for (int half = 0; half < 2 * FpuSave.xmmRegisters(c); half++) {
          c.fpu.ymmHigh[half] = c.mmu.load64(i.segment, FpuSave.at(i, ea, 8 * half));
        }
      }
      case PKRU -> c.mmu.translations().setPkru(c.mmu.load32(i.segment, ea));
      case CET_USER -> {
        long ssp = shadowStackPointer(c, i, FpuSave.at(i, ea, 8));
        long control = c.mmu.load64(i.segment, ea);
        // What WRMSR would not take, XRSTORS does not either. SDM Vol. 1 "CET State".
        ControlFlowMsrs.checkControl(c, control);
        c.cet.user = control;
        c.cet.privilegeSsp[3] = ssp;
        c.updateControlFlow();
      }
      case CET_SUPERVISOR -> {
        long level0 = shadowStackPointer(c, i, ea);
        long level1 = shadowStackPointer(c, i, FpuSave.at(i, ea, 8));
        long level2 = shadowStackPointer(c, i, FpuSave.at(i, ea, 16));
        c.cet.privilegeSsp[0] = level0;
        c.cet.privilegeSsp[1] = level1;
        c.cet.privilegeSsp[2] = level2;
      }
      default -> throw new AssertionError("state component " + k);
    }
  }

  private static long shadowStackPointer(Vcpu c, DecodedInstruction i, long ea) {
    long value = c.mmu.load64(i.segment, ea);
    ControlFlowMsrs.checkPointer(c, value);
    return value;
  }

  /// Puts component `k`, of any number, into its initial configuration.
  static void initialise(Vcpu c, int k) {
    FpuState fpu = c.fpu;
    switch (k) {
      case 0 -> {
        fpu.initialise();
        for (int register = 0; register < 8; register++) {
          fpu.significand[register] = 0;
          fpu.signExponent[register] = 0;
        }
      }
      case 1 -> VectorState.clear(fpu.xmm, c);
      case AVX -> VectorState.clear(fpu.ymmHigh, c);
      case PKRU -> c.mmu.translations().setPkru(0);
      case CET_USER -> {
        c.cet.user = 0;
        c.cet.privilegeSsp[3] = 0;
        c.updateControlFlow();
      }
      case CET_SUPERVISOR -> {
        for (int level = 0; level < SUPERVISOR_LEVELS; level++) {
          c.cet.privilegeSsp[level] = 0;
        }
      }
      default -> throw new AssertionError("state component " + k);
    }
  }
}
