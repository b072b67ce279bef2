package dev.backstep.emulator.platform;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// A behaviour of KVM that its user can switch off with KVM_CAP_DISABLE_QUIRKS2: all that Linux
/// has. On is KVM's default. Some cannot be seen by any guest of this machine, and say why.
public enum Quirk {
  LINT0_REENABLED(
      0,
      "a bootstrap processor's LVT LINT0 is 0x700 after reset: unmasked, ExtINT. Off: 0x10000,"
          + " masked, as on hardware",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/lapic.c, kvm_lapic_reset"),
  CD_NW_CLEARED(
      1,
      "KVM clears CR0.CD and CR0.NW in hardware: the guest reads them back, caches stay on. Off:"
          + " the guest's CR0.CD puts the caches into no-fill mode (kvm-intel: makes RAM UC, before"
          + " 6.11 with non-coherent DMA only)",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; errata.rst, CR0.CD"),
  LAPIC_MMIO_HOLE(
      2,
      "the APIC page is a hole while the APIC is off or in x2APIC mode: reads give ones, writes"
          + " are swallowed. Off: such accesses go to the monitor, KVM_EXIT_MMIO",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/lapic.c, apic_mmio_read"),
  OUT_7E_INC_RIP(
      3,
      "at KVM_EXIT_IO of an OUT to port 0x7e RIP is past the instruction. Off: RIP is at it, and"
          + " is moved when the vCPU is entered again",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/x86.c, kvm_fast_pio_out"),
  MISC_ENABLE_NO_MWAIT(
      4,
      "IA32_MISC_ENABLE bit 18 does not touch CPUID.1:ECX\\[3\\] MONITOR. Off: the CPUID bit"
          + " follows the MSR's",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/x86.c, kvm_set_msr_common"),
  FIX_HYPERCALL_INSN(
      5,
      "the other vendor's hypercall instruction is overwritten in the guest's memory with this"
          + " vendor's, which then runs. Off: #UD, and the bytes stay",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/x86.c, emulator_fix_hypercall"),
  MWAIT_NEVER_UD_FAULTS(
      6,
      "MONITOR and MWAIT do nothing, whatever CPUID says. Off: #UD if CPUID lacks MONITOR",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/x86.c," + " kvm_emulate_monitor_mwait"),
  SLOT_ZAP_ALL(
      7,
      "deleting or moving a memory slot drops all of the nested page tables. Off: only what maps"
          + " the slot",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/mmu/mmu.c",
      "memory slots are the monitor's, and EPT violations depend on the host: neither is"
          + " journaled"),
  STUFF_FEATURE_MSRS(
      8,
      "a new vCPU's feature MSRs (0xCE, 0x10A, 0x345, 0x8B, VMX) hold the most that KVM can give."
          + " Off: zero until the monitor writes them",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; arch/x86/kvm/x86.c, kvm_arch_vcpu_create"),
  IGNORE_GUEST_PAT(
      9,
      "EPT leaves of RAM are WB with IPAT set: the guest's PAT has no effect. Off: IPAT is clear"
          + " and the guest's PAT counts",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2; commit c9c1e20b4c7d (6.16)"),
  VMCS12_ALLOW_FREEZE_IN_SMM(
      10,
      "a nested guest's IA32_DEBUGCTL may have FREEZE_IN_SMM. Off: a VM entry with it fails",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2",
      "VMX is not enumerated: there is no nested guest"),
  NESTED_SVM_SHARED_PAT(
      11,
      "a nested guest shares the PAT of its hypervisor. Off: the VMCB's G_PAT counts",
      "Linux api.rst, KVM_CAP_DISABLE_QUIRKS2",
      "SVM is not enumerated: there is no nested guest");

  private final int bit;
  private final String description;
  private final String source;
  private final @Nullable String invisible;

  Quirk(int bit, String description, String source) {
    this(bit, description, source, null);
  }

  Quirk(int bit, String description, String source, @Nullable String invisible) {
    this.bit = bit;
    this.description = description;
    this.source = source;
    this.invisible = invisible;
  }

  /// The quirk's bit in KVM_CAP_DISABLE_QUIRKS2.
  public int bit() {
    return bit;
  }

  /// The same as a mask.
  public long mask() {
    return 1L << bit;
  }

  public String description() {
    return description;
  }

  public String source() {
    return source;
  }

  /// Why no guest of this machine can tell whether the quirk is on, or null if one can. KVM's user
  /// may switch it off all the same.
  public @Nullable String invisible() {
    return invisible;
  }

  static @Nullable Quirk byName(String name) {
    for (Quirk quirk : values()) {
      if (quirk.name().equalsIgnoreCase(name)
          || ("KVM_X86_QUIRK_" + quirk).equalsIgnoreCase(name)) {
        return quirk;
      }
    }
    return null;
  }

  static String names() {
    var names = new StringJoiner(", ");
    for (Quirk quirk : values()) {
      names.add(quirk.name());
    }
    return names.toString();
  }
}
