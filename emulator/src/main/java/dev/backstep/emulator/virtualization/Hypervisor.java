package dev.backstep.emulator.virtualization;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// What a hypervisor does where a guest meets it: at instructions and accesses that it intercepts.
/// Events of the exits that no other event implies are emitted by the methods here.
public interface Hypervisor {
  /// There is none: the processor does what its manual says.
  Hypervisor NONE = new BareMetal();

  /// VMCALL or VMMCALL.
  enum Hypercall {
    /// The hypervisor answers it.
    ANSWERED,

    /// The hypervisor overwrites it with the instruction that its processor has, and has that run.
    PATCHED,

    /// #UD.
    UNDEFINED
  }

  /// The instructions that ask a hypervisor for something.
  enum HypercallInstruction {
    /// Intel's.
    VMCALL(0xC1_01_0F),

    /// AMD's.
    VMMCALL(0xD9_01_0F);

    /// Its length.
    public static final int BYTES = 3;

    private final int code;

    HypercallInstruction(int code) {
      this.code = code;
    }

    /// Its bytes, the first one lowest.
    public int code() {
      return code;
    }
  }

  /// What becomes of `instruction`, at any privilege level.
  Hypercall hypercall(Vcpu c, HypercallInstruction instruction);

  /// The bytes that replace a hypercall instruction that is [Hypercall#PATCHED].
  int replacement();

  /// MONITOR or MWAIT at CPL 0.
  enum Monitor {
    /// The processor executes it.
    EXECUTED,

    /// It does nothing, and its operands are not looked at.
    SKIPPED,

    /// Its operands are checked and then it does nothing.
    CHECKED,

    /// #UD.
    UNDEFINED
  }

  /// What becomes of MONITOR or MWAIT.
  Monitor monitor(Vcpu c, DecodedInstruction i);

  /// Whether CPUID.1:ECX\[3\] MONITOR is set.
  ///
  /// @param enumerated the CPU, or the hypervisor's user, gave it
  boolean showsMonitor(Vcpu c, boolean enumerated);

  /// An access to the page that IA32_APIC_BASE names while the local APIC does not listen there and
  /// no RAM lies there.
  enum ApicHole {
    /// As to any address: perhaps a device answers.
    OPEN,

    /// Reads give ones, writes are swallowed.
    CLOSED
  }

  /// Whether LINT0 of the bootstrap processor's local APIC is ExtINT and not masked after RESET and
  /// INIT.
  boolean opensLint0();

  /// What answers an access to that page.
  ApicHole apicHole();

  /// The access to `gpa` in that page goes to the hypervisor's user, see [ApicHole#OPEN].
  void leftForMmio(Vcpu c, long gpa);

  /// An OUT that is no string instruction goes to the hypervisor's user.
  void leftForPort(Vcpu c, DecodedInstruction i, int port, int bytes);
}
