package dev.backstep.emulator.platform;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.At;
import dev.backstep.emulator.listen.MachineEvent.Op;
import dev.backstep.emulator.listen.MachineEvent.VmExit;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// VM exits as KVM configures VMX: EPT, unrestricted guest, FlexPriority (virtualised APIC accesses
/// with TPR shadow), no APICv, an in-kernel APIC. Names are those that the kvm_exit tracepoint
/// prints; reasons and qualifications: SDM Vol. 3 "VMX Basic Exit Reasons", "Basic VM-Exit
/// Information".
///
/// | action | exit |
/// |---|---|
/// | CPUID, HLT, IN, OUT, XSETBV | always |
/// | RDMSR, WRMSR | unless the MSR bitmap lets it through: RDMSR of the TSC; FS, GS and kernel GS bases; SYSENTER registers; x2APIC TPR |
/// | MOV to CR0, LMSW | when a bit other than TS and WP changes: the guest/host mask |
/// | MOV to CR4 | when a bit other than those of [#CR4_GUEST_OWNED] changes |
/// | CR3, CR8, INVLPG, RDTSC | never |
/// | xAPIC page | APIC_ACCESS, but for TPR |
/// | other emulated memory | EPT_MISCONFIG: how KVM marks it after the first access |
/// | #UD, #DB, #AC, #MC | EXCEPTION_NMI: the exception bitmap |
/// | triple fault | TRIPLE_FAULT |
///
/// Exits that depend on the host (external interrupts, preemption, interrupt windows, EPT
/// violations of memory not mapped yet) are not among them.
final class VmxExits implements VmExitPolicy {
  private static final int EXCEPTION_NMI = 0;
  private static final int TRIPLE_FAULT = 2;
  private static final int CPUID = 10;
  private static final int HLT = 12;
  private static final int CR_ACCESS = 28;
  private static final int IO_INSTRUCTION = 30;
  private static final int MSR_READ = 31;
  private static final int MSR_WRITE = 32;
  private static final int APIC_ACCESS = 44;
  private static final int EPT_MISCONFIG = 49;
  private static final int XSETBV = 55;

  private static final long CR0_GUEST_OWNED = ControlBits.CR0_TS | ControlBits.CR0_WP;
  private static final long CR4_GUEST_OWNED =
      ControlBits.CR4_PVI
          | ControlBits.CR4_TSD
          | ControlBits.CR4_DE
          | ControlBits.CR4_PGE
          | ControlBits.CR4_PCE
          | ControlBits.CR4_OSFXSR
          | ControlBits.CR4_OSXMMEXCPT
          | ControlBits.CR4_FSGSBASE;

  private static final int IO_IN = 1 << 3;
  private static final int IO_STRING = 1 << 4;
  private static final int IO_REP = 1 << 5;
  private static final int IO_IMMEDIATE = 1 << 6;
  private static final int CR_LMSW = 3 << 4;
  private static final int CR_LMSW_MEMORY = 1 << 6;
  private static final int APIC_LINEAR_WRITE = 1 << 12;

  /// The origin of exceptions that instructions cause; what a hypervisor injects is no exit.
  private static final String CAUSED = "instruction";

  @Override
  public @Nullable VmExit exitFor(MachineEvent event, Vcpu c) {
    return switch (event) {
      case MachineEvent.Cpuid e -> new VmExit(e.at(), CPUID, "CPUID", 0);
      case MachineEvent.Halt e -> new VmExit(e.at(), HLT, "HLT", 0);
      case MachineEvent.Msr e -> msr(e);
      case MachineEvent.ControlRegister e -> controlRegister(e, c);
      case MachineEvent.Io e ->
          new VmExit(
              e.at(),
              IO_INSTRUCTION,
              "IO_INSTRUCTION",
              ioQualification(e, ExecutingInstruction.on(c)));
      case MachineEvent.Mmio e -> new VmExit(e.at(), EPT_MISCONFIG, "EPT_MISCONFIG", 0);
      case MachineEvent.Apic e -> apic(e);
      case MachineEvent.Exception e -> e.origin().equals(CAUSED) ? exception(e, c) : null;
      case MachineEvent.Shutdown e ->
          e.reason().equals("triple-fault")
              ? new VmExit(e.at(), TRIPLE_FAULT, "TRIPLE_FAULT", 0)
              : null;
      case MachineEvent.DebugRegister _,
          MachineEvent.Init _,
          MachineEvent.Reset _,
          MachineEvent.Ipi _,
          MachineEvent.Interrupt _,
          MachineEvent.Injection _,
          MachineEvent.Control _,
          MachineEvent.VmExit _,
          MachineEvent.MemoryTypeChosen _,
          MachineEvent.Cache _,
          MachineEvent.Dma _,
          MachineEvent.TlbFlush _,
          MachineEvent.Mode _,
          MachineEvent.Wake _,
          MachineEvent.Sipi _,
          MachineEvent.Console _,
          MachineEvent.Input _ ->
          null;
    };
  }

  private static @Nullable VmExit msr(MachineEvent.Msr e) {
    boolean write = e.op() == Op.WRITE;
    if (isPassedThrough(e.msr(), e.op())) {
      return null;
    }
    return write
        ? new VmExit(e.at(), MSR_WRITE, "MSR_WRITE", 0)
        : new VmExit(e.at(), MSR_READ, "MSR_READ", 0);
  }

  private static boolean isPassedThrough(int msr, Op op) {
    return switch (msr) {
      case 0x10 -> op == Op.READ;
      case 0x174, 0x175, 0x176, 0x808, 0xC000_0100, 0xC000_0101, 0xC000_0102 -> true;
      default -> false;
    };
  }

  private static @Nullable VmExit controlRegister(MachineEvent.ControlRegister e, Vcpu c) {
    if (e.op() == Op.READ) {
      return null;
    }
    return switch (e.reg()) {
      case "CR0" ->
          ((c.cr0 ^ e.value()) & ~CR0_GUEST_OWNED) == 0
              ? null
              : crAccess(e.at(), 0, ExecutingInstruction.on(c));
      case "CR4" ->
          ((c.cr4 ^ e.value()) & ~CR4_GUEST_OWNED) == 0
              ? null
              : crAccess(e.at(), 4, ExecutingInstruction.on(c));
      case "XCR0" -> new VmExit(e.at(), XSETBV, "XSETBV", 0);
      default -> null;
    };
  }

  /// Qualification: register in 3:0, access type in 5:4, for MOV the general register in 11:8, for
  /// LMSW its operand's kind in 6 and its source in 31:16.
  private static VmExit crAccess(At at, int register, @Nullable DecodedInstruction i) {
    long qualification = register;
    if (ExecutingInstruction.isLmsw(i)) {
      qualification |= CR_LMSW | (i != null && i.isMemory() ? CR_LMSW_MEMORY : 0);
    } else {
      qualification |= (long) ExecutingInstruction.generalRegister(i) << 8;
    }
    return new VmExit(at, CR_ACCESS, "CR_ACCESS", qualification);
  }

  private static long ioQualification(MachineEvent.Io e, @Nullable DecodedInstruction i) {
    long qualification = (long) (e.port() & 0xFFFF) << 16 | e.size() - 1;
    if (e.op() == Op.READ) {
      qualification |= IO_IN;
    }
    if (ExecutingInstruction.isString(i)) {
      qualification |= IO_STRING | (ExecutingInstruction.isRepeated(i) ? IO_REP : 0);
    } else if (ExecutingInstruction.hasImmediate(i)) {
      qualification |= IO_IMMEDIATE;
    }
    return qualification;
  }

  /// x2APIC registers are MSRs, and exit as such.
  private static @Nullable VmExit apic(MachineEvent.Apic e) {
    if (!e.mode().equals("xapic") || e.reg().equals("TPR")) {
      return null;
    }
    long write = e.op() == Op.WRITE ? APIC_LINEAR_WRITE : 0;
    return new VmExit(e.at(), APIC_ACCESS, "APIC_ACCESS", write | XapicOffsets.of(e.reg()));
  }

  private static @Nullable VmExit exception(MachineEvent.Exception e, Vcpu c) {
    return switch (e.vector()) {
      // The qualification of #DB has the layout of DR6.
      case GuestFault.DB -> new VmExit(e.at(), EXCEPTION_NMI, "EXCEPTION_NMI", c.dr[6] & 0x600F);
      case GuestFault.UD, GuestFault.AC, GuestFault.MC ->
          new VmExit(e.at(), EXCEPTION_NMI, "EXCEPTION_NMI", 0);
      default -> null;
    };
  }
}
