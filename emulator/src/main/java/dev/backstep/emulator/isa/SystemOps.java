package dev.backstep.emulator.isa;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.cpuid.CpuidValues;
import dev.backstep.emulator.cpuid.Vendor;
import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.virtualization.Hypervisor.HypercallInstruction;

/// System instructions that belong to no larger family. SDM Vol. 2 under the instructions' names.
public final class SystemOps {
  /// RDPMC: general counters that exist without being enumerated.
  private static final int LEGACY_COUNTERS = 4;

  private static final int LEGACY_COUNTER_MSR = 0xC0010004;

  /// MWAIT, ECX: interrupts end the wait though masked.
  private static final long MWAIT_BREAKS_ON_MASKED = 1;

  /// MSR_MISC_FEATURES_ENABLES: CPUID is #GP outside CPL 0.
  private static final long CPUID_FAULTS = 1;

  private SystemOps() {}

  /// UD0, UD1, UD2, and bytes that are no instruction.
  public static void undefined(Vcpu c, DecodedInstruction i) {
    throw c.fault.undefinedOpcode();
  }

  /// More than 15 bytes.
  public static void tooLong(Vcpu c, DecodedInstruction i) {
    throw c.fault.generalProtection(0);
  }

  /// RSM is undefined outside system-management mode.
  public static void rsm(Vcpu c, DecodedInstruction i) {
    throw c.fault.undefinedOpcode();
  }

  public static void hlt(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    c.activity = Activity.HALTED;
    c.requestAttention();
    if (c.events.isOn()) {
      c.events.emit(new MachineEvent.Halt(c.at(), c.flag(Rflags.IF)));
    }
  }

  public static void pause(Vcpu c, DecodedInstruction i) {
    c.clock.charge(VirtualClock.PAUSE_NS);
    c.yieldTurn();
  }

  public static void cpuid(Vcpu c, DecodedInstruction i) {
    if ((c.msr.miscFeatures & CPUID_FAULTS) != 0) {
      Privilege.requireZero(c);
    }
    int leaf = (int) c.gpr[Vcpu.RAX];
    int subleaf = (int) c.gpr[Vcpu.RCX];
    CpuidValues v = c.cpuid.query(c, leaf, subleaf);
    c.gpr[Vcpu.RAX] = v.eax() & 0xFFFFFFFFL;
    c.gpr[Vcpu.RBX] = v.ebx() & 0xFFFFFFFFL;
    c.gpr[Vcpu.RCX] = v.ecx() & 0xFFFFFFFFL;
    c.gpr[Vcpu.RDX] = v.edx() & 0xFFFFFFFFL;
    c.clock.charge(VirtualClock.MICROCODED_NS);
    if (c.events.isOn()) {
      c.events.emit(
          new MachineEvent.Cpuid(c.at(), leaf, subleaf, v.eax(), v.ebx(), v.ecx(), v.edx()));
    }
  }

  public static void rdtsc(Vcpu c, DecodedInstruction i) {
    if (c.cr4(ControlBits.CR4_TSD) && c.cpl != 0) {
      throw c.fault.generalProtection(0);
    }
    setPair(c, c.clock.tscTicks() + c.msr.tscOffset);
  }

  public static void rdtscp(Vcpu c, DecodedInstruction i) {
    rdtsc(c, i);
    c.gpr[Vcpu.RCX] = c.msr.tscAux & 0xFFFFFFFFL;
  }

  public static void rdpid(Vcpu c, DecodedInstruction i) {
    c.gpr[Operands.register(i.operand0)] = c.msr.tscAux & 0xFFFFFFFFL;
  }

  /// RDPMC: the processors modelled have no performance counters but AMD's old ones.
  public static void rdpmc(Vcpu c, DecodedInstruction i) {
    int counter = (int) c.gpr[Vcpu.RCX];
    boolean allowed = c.cpl == 0 || c.cr4(ControlBits.CR4_PCE);
    boolean exists =
        c.cpuid.hasLegacyPerformanceCounters() && counter >= 0 && counter < LEGACY_COUNTERS;
    if (!allowed || !exists) {
      throw c.fault.generalProtection(0);
    }
    setPair(c, c.msrTable.read(c, LEGACY_COUNTER_MSR + counter));
  }

  public static void rdmsr(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    c.clock.charge(VirtualClock.MICROCODED_NS);
    setPair(c, c.msrTable.read(c, (int) c.gpr[Vcpu.RCX]));
  }

  public static void wrmsr(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    c.clock.charge(VirtualClock.MICROCODED_NS);
    c.msrTable.write(c, (int) c.gpr[Vcpu.RCX], pair(c));
  }

  /// VMCALL: to a hypervisor, if there is one that answers.
  public static void vmcall(Vcpu c, DecodedInstruction i) {
    Hypercalls.execute(c, i, HypercallInstruction.VMCALL);
  }

  public static void vmmcall(Vcpu c, DecodedInstruction i) {
    Hypercalls.execute(c, i, HypercallInstruction.VMMCALL);
  }

  /// SERIALIZE: instructions are executed one after another, and stores to code seen at once.
  public static void serialize(Vcpu c, DecodedInstruction i) {}

  public static void swapgs(Vcpu c, DecodedInstruction i) {
    Privilege.requireZero(c);
    SegmentRegister gs = c.segments[SegmentRegister.GS];
    long base = gs.base;
    gs.base = c.msr.kernelGsBase;
    c.msr.kernelGsBase = base;
    c.mmu.segmentChanged(SegmentRegister.GS);
  }

  public static void rdfsbase(Vcpu c, DecodedInstruction i) {
    readBase(c, i, SegmentRegister.FS);
  }

  public static void rdgsbase(Vcpu c, DecodedInstruction i) {
    readBase(c, i, SegmentRegister.GS);
  }

  public static void wrfsbase(Vcpu c, DecodedInstruction i) {
    writeBase(c, i, SegmentRegister.FS);
  }

  public static void wrgsbase(Vcpu c, DecodedInstruction i) {
    writeBase(c, i, SegmentRegister.GS);
  }

  private static void readBase(Vcpu c, DecodedInstruction i, int segment) {
    requireBaseInstructions(c);
    long base = c.segments[segment].base;
    c.gpr[Operands.register(i.operand0)] = i.operandBytes == 8 ? base : base & 0xFFFFFFFFL;
  }

  private static void writeBase(Vcpu c, DecodedInstruction i, int segment) {
    requireBaseInstructions(c);
    long value = c.gpr[Operands.register(i.operand0)];
    long base = i.operandBytes == 8 ? value : value & 0xFFFFFFFFL;
    if (!c.mmu.isLoadable(base)) {
      throw c.fault.generalProtection(0);
    }
    c.segments[segment].base = base;
    c.mmu.segmentChanged(segment);
  }

  private static void requireBaseInstructions(Vcpu c) {
    if (!c.cr4(ControlBits.CR4_FSGSBASE)) {
      throw c.fault.undefinedOpcode();
    }
  }

  public static void xgetbv(Vcpu c, DecodedInstruction i) {
    requireOsXsave(c);
    int register = (int) c.gpr[Vcpu.RCX];
    boolean inUse = register == 1 && c.cpuid.has(CpuFeature.XGETBV1);
    if (register != 0 && !inUse) {
      throw c.fault.generalProtection(0);
    }
    // ECX = 1 asks for the state components in use; MXCSR counts, as on an AMD EPYC.
    setPair(c, register == 0 ? c.xcr0 : c.xcr0 & ExtendedComponents.inUseWithMxcsr(c));
  }

  public static void xsetbv(Vcpu c, DecodedInstruction i) {
    requireOsXsave(c);
    Privilege.requireZero(c);
    long value = pair(c);
    boolean avxWithoutSse =
        (value & (ControlBits.XCR0_SSE | ControlBits.XCR0_AVX)) == ControlBits.XCR0_AVX;
    boolean illegal =
        (int) c.gpr[Vcpu.RCX] != 0
            || (value & ~c.cpuid.userStates()) != 0
            || (value & ControlBits.XCR0_X87) == 0
            || avxWithoutSse;
    if (illegal) {
      throw c.fault.generalProtection(0);
    }
    ControlRegisters.emit(c, MachineEvent.Op.WRITE, "XCR0", value);
    c.xcr0 = value;
  }

  private static void requireOsXsave(Vcpu c) {
    if (!c.cr4(ControlBits.CR4_OSXSAVE)) {
      throw c.fault.undefinedOpcode();
    }
  }

  /// MONITOR: the checks of a load from DS:rAX. What is watched does not matter, see [#mwait].
  public static void monitor(Vcpu c, DecodedInstruction i) {
    Privilege.requireZeroOrUndefined(c);
    switch (c.hypervisor.monitor(c, i)) {
      case EXECUTED, CHECKED -> {
        checkExtensions(c, 0);
        c.mmu.probeRead(i.segment, c.gpr[Vcpu.RAX] & i.addressMask, 1);
      }
      case SKIPPED -> {
        // Not looked at.
      }
      case UNDEFINED -> throw c.fault.undefinedOpcode();
    }
  }

  /// MWAIT ends its wait at once, which it may do for "implementation-dependent" reasons at any
  /// time (SDM Vol. 2 "MWAIT"): programs check their condition in a loop. It gives up the turn, so
  /// that the vCPU that will store to the monitored line comes to run.
  public static void mwait(Vcpu c, DecodedInstruction i) {
    Privilege.requireZeroOrUndefined(c);
    switch (c.hypervisor.monitor(c, i)) {
      case EXECUTED -> {
        checkExtensions(c, MWAIT_BREAKS_ON_MASKED);
        pause(c, i);
      }
      case CHECKED -> checkExtensions(c, MWAIT_BREAKS_ON_MASKED);
      case SKIPPED -> {
        // Not looked at.
      }
      case UNDEFINED -> throw c.fault.undefinedOpcode();
    }
  }

  /// ECX of MONITOR and MWAIT: #GP(0) for an extension that leaf 5 does not show. To Intel's
  /// processors it is RCX in 64-bit mode (SDM Vol. 2 "64-Bit Mode Exceptions" of both), to AMD's
  /// ECX (APM Vol. 3 "MONITOR", "MWAIT").
  private static void checkExtensions(Vcpu c, long allowed) {
    boolean wide = c.mode == CpuMode.LONG64 && c.cpuid.vendor() == Vendor.INTEL;
    long asked = wide ? c.gpr[Vcpu.RCX] : c.gpr[Vcpu.RCX] & 0xFFFFFFFFL;
    if ((asked & ~allowed) != 0) {
      throw c.fault.generalProtection(0);
    }
  }

  public static void clac(Vcpu c, DecodedInstruction i) {
    Privilege.requireZeroOrUndefined(c);
    c.systemFlags &= ~Rflags.AC;
    c.mmu.modeChanged();
  }

  public static void stac(Vcpu c, DecodedInstruction i) {
    Privilege.requireZeroOrUndefined(c);
    c.systemFlags |= Rflags.AC;
    c.mmu.modeChanged();
  }

  /// CLI: IF, or with VME or PVI the virtual interrupt flag.
  public static void cli(Vcpu c, DecodedInstruction i) {
    c.systemFlags &= ~interruptFlag(c);
  }

  public static void sti(Vcpu c, DecodedInstruction i) {
    int flag = interruptFlag(c);
    if (flag == Rflags.VIF) {
      if (c.flag(Rflags.VIP)) {
        throw c.fault.generalProtection(0);
      }
      c.systemFlags |= Rflags.VIF;
      return;
    }
    if (!c.flag(Rflags.IF)) {
      c.systemFlags |= Rflags.IF;
      c.interruptShadow = true;
      c.stackSwitchShadow = false;
      c.updateStepping();
      c.requestAttention();
    }
  }

  /// The flag that CLI and STI change: SDM Vol. 2 tables "Decision Table for CLI Results", "… for
  /// STI Results". #GP(0) if none.
  private static int interruptFlag(Vcpu c) {
    if (c.cpl <= c.iopl()) {
      return Rflags.IF;
    }
    boolean virtual =
        c.mode == CpuMode.VM86
            ? c.cr4(ControlBits.CR4_VME)
            : c.cpl == 3 && c.cr4(ControlBits.CR4_PVI);
    if (!virtual) {
      throw c.fault.generalProtection(0);
    }
    return Rflags.VIF;
  }

  private static long pair(Vcpu c) {
    return c.gpr[Vcpu.RDX] << 32 | c.gpr[Vcpu.RAX] & 0xFFFFFFFFL;
  }

  /// EDX:EAX.
  private static void setPair(Vcpu c, long value) {
    c.gpr[Vcpu.RAX] = value & 0xFFFFFFFFL;
    c.gpr[Vcpu.RDX] = value >>> 32;
  }
}
