package dev.backstep.emulator.platform;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.listen.MachineEvent.Op;
import dev.backstep.emulator.listen.MachineEvent.VmExit;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// \#VMEXITs as KVM configures SVM: nested paging, no AVIC, an in-kernel APIC. Names are those that
/// the kvm_exit tracepoint prints (uapi/asm/svm.h); the reason is EXITCODE, the qualification
/// EXITINFO1: APM Vol. 2 "SVM Intercept Codes", "IOIO Intercept"; what is intercepted: KVM file
/// svm.c, init_vmcb and svm_set_cr0.
///
/// | action | exit |
/// |---|---|
/// | CPUID, HLT, IN, OUT, XSETBV | always |
/// | RDMSR, WRMSR | unless let through: SYSENTER and SYSCALL registers, FS, GS and kernel GS bases |
/// | MOV to CR0, LMSW | cr0_sel_write when a bit other than TS and MP changes |
/// | CR0, read or written | while CR0.CD or NW is set and KVM hides that from the hardware (quirk CD_NW_CLEARED) |
/// | CR4, read or written; CR8 written | always |
/// | CR3, INVLPG, RDTSC | never |
/// | xAPIC page, other emulated memory | npf, with the reserved bit that KVM marks such pages with |
/// | #UD, #DB, #AC, #MC | the exception intercepts |
/// | triple fault | shutdown |
///
/// Exits that depend on the host are not among them.
final class SvmExits implements VmExitPolicy {
  private static final int READ_CR0 = 0x00;
  private static final int READ_CR4 = 0x04;
  private static final int WRITE_CR0 = 0x10;
  private static final int WRITE_CR4 = 0x14;
  private static final int WRITE_CR8 = 0x18;
  private static final int EXCEPTION_BASE = 0x40;
  private static final int CR0_SEL_WRITE = 0x65;
  private static final int CPUID = 0x72;
  private static final int HLT = 0x78;
  private static final int IOIO = 0x7B;
  private static final int MSR = 0x7C;
  private static final int SHUTDOWN = 0x7F;
  private static final int XSETBV = 0x8D;
  private static final int NPF = 0x400;

  private static final long SELECTIVE_CR0_IGNORED = ControlBits.CR0_TS | ControlBits.CR0_MP;
  private static final long CR0_CACHING = ControlBits.CR0_CD | ControlBits.CR0_NW;

  private static final int IO_IN = 1;
  private static final int IO_STRING = 1 << 2;
  private static final int IO_REP = 1 << 3;

  /// SZ8, SZ16 and SZ32 follow one another: size in bytes << 4.
  private static final int IO_SIZE_SHIFT = 4;

  /// The instruction is MOV, and bits 3:0 name its general register.
  private static final long CR_IS_MOV = 1L << 63;

  /// The fault is of the guest-physical address itself; present, user, reserved bit set.
  private static final long NPF_OF_MMIO = 1L << 32 | 1 << 3 | 1 << 2 | 1;

  private static final int NPF_WRITE = 1 << 1;

  private final VmCapabilities vm;

  SvmExits(VmCapabilities vm) {
    this.vm = vm;
  }

  /// The origin of exceptions that instructions cause; what a hypervisor injects is no exit.
  private static final String CAUSED = "instruction";

  @Override
  public @Nullable VmExit exitFor(MachineEvent event, Vcpu c) {
    return switch (event) {
      case MachineEvent.Cpuid e -> new VmExit(e.at(), CPUID, "cpuid", 0);
      case MachineEvent.Halt e -> new VmExit(e.at(), HLT, "hlt", 0);
      case MachineEvent.Msr e ->
          isPassedThrough(e.msr())
              ? null
              : new VmExit(e.at(), MSR, "msr", e.op() == Op.WRITE ? 1 : 0);
      case MachineEvent.ControlRegister e -> controlRegister(e, c);
      case MachineEvent.Io e -> new VmExit(e.at(), IOIO, "io", ioInfo(e, c));
      case MachineEvent.Mmio e -> nestedPageFault(e, e.op());
      case MachineEvent.Apic e -> e.mode().equals("xapic") ? nestedPageFault(e, e.op()) : null;
      case MachineEvent.Exception e -> e.origin().equals(CAUSED) ? exception(e) : null;
      case MachineEvent.Shutdown e ->
          e.reason().equals("triple-fault") ? new VmExit(e.at(), SHUTDOWN, "shutdown", 0) : null;
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

  private static boolean isPassedThrough(int msr) {
    return switch (msr) {
      case 0x174, 0x175, 0x176 -> true;
      case 0xC000_0081, 0xC000_0082, 0xC000_0083, 0xC000_0084 -> true;
      case 0xC000_0100, 0xC000_0101, 0xC000_0102 -> true;
      default -> false;
    };
  }

  private @Nullable VmExit controlRegister(MachineEvent.ControlRegister e, Vcpu c) {
    boolean write = e.op() == Op.WRITE;
    return switch (e.reg()) {
      case "CR0" -> cr0(e, c);
      case "CR4" ->
          write
              ? new VmExit(e.at(), WRITE_CR4, "write_cr4", moveInfo(c))
              : new VmExit(e.at(), READ_CR4, "read_cr4", moveInfo(c));
      case "CR8" -> write ? new VmExit(e.at(), WRITE_CR8, "write_cr8", moveInfo(c)) : null;
      case "XCR0" -> write ? new VmExit(e.at(), XSETBV, "xsetbv", 0) : null;
      default -> null;
    };
  }

  private @Nullable VmExit cr0(MachineEvent.ControlRegister e, Vcpu c) {
    boolean hidden = vm.has(Quirk.CD_NW_CLEARED) && (c.cr0 & CR0_CACHING) != 0;
    if (e.op() == Op.READ) {
      return hidden ? new VmExit(e.at(), READ_CR0, "read_cr0", moveInfo(c)) : null;
    }
    if (hidden) {
      return new VmExit(e.at(), WRITE_CR0, "write_cr0", moveInfo(c));
    }
    boolean selected = ((c.cr0 ^ e.value()) & ~SELECTIVE_CR0_IGNORED) != 0;
    return selected ? new VmExit(e.at(), CR0_SEL_WRITE, "cr0_sel_write", moveInfo(c)) : null;
  }

  private static long moveInfo(Vcpu c) {
    DecodedInstruction i = ExecutingInstruction.on(c);
    if (i == null || !i.opcode.mnemonic().equals("MOV")) {
      return 0;
    }
    return CR_IS_MOV | ExecutingInstruction.generalRegister(i);
  }

  /// The address size and the segment, bits 12:7, are left out.
  private static long ioInfo(MachineEvent.Io e, Vcpu c) {
    DecodedInstruction i = ExecutingInstruction.on(c);
    boolean string = ExecutingInstruction.isString(i);
    return (long) (e.port() & 0xFFFF) << 16
        | e.size() << IO_SIZE_SHIFT
        | (e.op() == Op.READ ? IO_IN : 0)
        | (string ? IO_STRING : 0)
        | (string && ExecutingInstruction.isRepeated(i) ? IO_REP : 0);
  }

  private static VmExit nestedPageFault(MachineEvent e, Op op) {
    return new VmExit(e.at(), NPF, "npf", NPF_OF_MMIO | (op == Op.WRITE ? NPF_WRITE : 0));
  }

  private static @Nullable VmExit exception(MachineEvent.Exception e) {
    return switch (e.vector()) {
      case GuestFault.DB -> new VmExit(e.at(), EXCEPTION_BASE + GuestFault.DB, "DB excp", 0);
      case GuestFault.UD -> new VmExit(e.at(), EXCEPTION_BASE + GuestFault.UD, "UD excp", 0);
      case GuestFault.AC ->
          new VmExit(e.at(), EXCEPTION_BASE + GuestFault.AC, "AC excp", e.errorCode());
      case GuestFault.MC -> new VmExit(e.at(), EXCEPTION_BASE + GuestFault.MC, "MC excp", 0);
      default -> null;
    };
  }
}
