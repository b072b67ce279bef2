package dev.backstep.emulator.platform;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.listen.MachineEvent.At;
import dev.backstep.emulator.listen.MachineEvent.VmExit;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.virtualization.Hypervisor;

/// KVM, with the quirks that its user left on. Linux arch/x86/kvm/x86.c; Documentation/virt/kvm/
/// api.rst, KVM_CAP_DISABLE_QUIRKS2.
final class KvmHypervisor implements Hypervisor {
  /// IA32_MISC_ENABLE: MSR_IA32_MISC_ENABLE_MWAIT.
  private static final long ENABLE_MONITOR = 1 << 18;

  /// struct kvm_run, exit_reason.
  private static final int KVM_EXIT_IO = 2;

  private static final int KVM_EXIT_MMIO = 6;

  private static final int QUIRKY_PORT = 0x7E;

  private final VmCapabilities vm;
  private final Interception hardware;

  KvmHypervisor(VmCapabilities vm, Interception hardware) {
    this.vm = vm;
    this.hardware = hardware;
  }

  /// The processor's own instruction exits. The other vendor's is #UD, which exits too, and KVM's
  /// emulator goes on from there: em_hypercall, emulator_fix_hypercall.
  @Override
  public Hypercall hypercall(Vcpu c, HypercallInstruction instruction) {
    if (instruction == hardware.hypercall()) {
      exit(c, hardware.hypercallExit());
      return Hypercall.ANSWERED;
    }
    // emulate.c, group7_rm3: VMMCALL has the flag Prot.
    boolean unknownHere = instruction == HypercallInstruction.VMMCALL && c.mode.isRealStyle();
    if (unknownHere || !vm.has(Quirk.FIX_HYPERCALL_INSN)) {
      return Hypercall.UNDEFINED;
    }
    exit(c, hardware.undefinedExit());
    return Hypercall.PATCHED;
  }

  @Override
  public int replacement() {
    return hardware.hypercall().code();
  }

  /// kvm_emulate_monitor_mwait.
  @Override
  public Monitor monitor(Vcpu c, DecodedInstruction i) {
    boolean mwait = i.opcode.mnemonic().equals("MWAIT");
    exit(c, mwait ? hardware.mwaitExit() : hardware.monitorExit());
    if (!vm.has(Quirk.MWAIT_NEVER_UD_FAULTS) && !c.cpuid.showsMonitor(c)) {
      return Monitor.UNDEFINED;
    }
    return hardware.skippedMonitor();
  }

  /// kvm_update_cpuid_runtime: with the quirk off the bit is the MSR's, both ways.
  @Override
  public boolean showsMonitor(Vcpu c, boolean enumerated) {
    return vm.has(Quirk.MISC_ENABLE_NO_MWAIT)
        ? enumerated
        : (c.msr.miscEnable & ENABLE_MONITOR) != 0;
  }

  /// kvm_lapic_reset.
  @Override
  public boolean opensLint0() {
    return vm.has(Quirk.LINT0_REENABLED);
  }

  /// apic_mmio_read, apic_mmio_write.
  @Override
  public ApicHole apicHole() {
    return vm.has(Quirk.LAPIC_MMIO_HOLE) ? ApicHole.CLOSED : ApicHole.OPEN;
  }

  @Override
  public void leftForMmio(Vcpu c, long gpa) {
    exit(c, new Interception.Exit(KVM_EXIT_MMIO, "KVM_EXIT_MMIO"), gpa);
  }

  /// kvm_fast_pio_out. The event's RIP is what KVM_GET_REGS shows at that moment; of other ports
  /// nothing is told, as no quirk concerns them.
  @Override
  public void leftForPort(Vcpu c, DecodedInstruction i, int port, int bytes) {
    if (port != QUIRKY_PORT || !c.events.isOn()) {
      return;
    }
    At at = c.at();
    long rip = vm.has(Quirk.OUT_7E_INC_RIP) ? i.nextRip : at.rip();
    c.events.emit(
        new VmExit(
            new At(at.position(), at.vcpu(), rip, at.timeNs()),
            KVM_EXIT_IO,
            "KVM_EXIT_IO",
            (long) port << 16 | bytes));
  }

  private static void exit(Vcpu c, Interception.Exit exit) {
    exit(c, exit, 0);
  }

  private static void exit(Vcpu c, Interception.Exit exit, long qualification) {
    if (c.events.isOn()) {
      c.events.emit(new VmExit(c.at(), exit.reason(), exit.name(), qualification));
    }
  }
}
