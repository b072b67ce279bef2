package dev.backstep.cli.errata;

import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.BARE_METAL_INTEL;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_AMD;
import static dev.backstep.cli.errata.ErrataPlatform.KVM_INTEL;

import java.util.List;

/// Row `quirks`: behaviours that KVM keeps for old guests and monitors, and that its user can
/// switch off. CD_NW_CLEARED and IGNORE_GUEST_PAT are in the rows `cr0-cd` and `mtrr`.
final class QuirksRow implements ErrataRow {
  private static final String API = "Documentation/virt/kvm/api.rst KVM_CAP_DISABLE_QUIRKS2";
  private static final String SDM_VMCALL = "SDM Vol. 2 \"VMCALL\"; APM Vol. 3 \"VMMCALL\"";
  private static final String FIX = API + "; arch/x86/kvm/x86.c, emulator_fix_hypercall";
  private static final String MWAIT = API + "; arch/x86/kvm/x86.c, kvm_emulate_monitor_mwait";
  private static final String SDM_MONITOR = "SDM Vol. 2 \"MONITOR\"; APM Vol. 3 \"MONITOR\"";
  private static final String ENABLE = API + "; arch/x86/kvm/x86.c, kvm_set_msr_common";
  private static final String LAPIC = API + "; arch/x86/kvm/lapic.c";
  private static final String SDM_LVT = "SDM Vol. 3 \"Local APIC State After Power-Up or Reset\"";
  private static final String PIO = API + "; arch/x86/kvm/x86.c, kvm_fast_pio_out";
  private static final String MSRS = API + "; selftests/kvm/x86/feature_msrs_test.c";
  private static final String UD = "0x6(0x0)";
  private static final String GP = "0xd(0x0)";
  private static final String NONE = "none";

  /// What KVM answers to a call that it does not know: -KVM_ENOSYS.
  private static final String UNKNOWN_CALL = "0xfffffffffffffc18";

  @Override
  public String name() {
    return "quirks";
  }

  @Override
  public String title() {
    return "KVM's quirks, on and off: KVM_CAP_DISABLE_QUIRKS2";
  }

  @Override
  public List<Behaviour> behaviours() {
    BehaviourList rows = new BehaviourList(name());
    hypercalls(rows);
    monitor(rows);
    miscEnable(rows);
    apicHole(rows);
    out(rows);
    registers(rows);
    lint0(rows);
    requests(rows);
    return rows.done();
  }

  private static Recipe part(String part) {
    return Recipe.guest("errata-quirks").append(part);
  }

  private static Recipe off(Recipe recipe, String quirk) {
    return recipe.with("--quirk", quirk + "=off");
  }

  private static BehaviourList.Entry add(
      BehaviourList rows, String name, String text, Recipe recipe, String key) {
    return rows.add("quirk-" + name, text).recorded(recipe).observed(Observation.printed(key));
  }

  private static void hypercalls(BehaviourList rows) {
    Recipe on = part("hypercall");
    Recipe off = off(on, "FIX_HYPERCALL_INSN");
    add(rows, "vmcall", "VMCALL", on, "vmcall")
        .expect(UD, SDM_VMCALL, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect(NONE, FIX, KVM_INTEL, KVM_AMD);
    add(rows, "vmcall-result", "What KVM answers to it", on, "vmcall-result")
        .expect(UNKNOWN_CALL, "Documentation/virt/kvm/x86/hypercalls.rst", KVM_INTEL, KVM_AMD);
    add(rows, "vmcall-bytes", "Its bytes afterwards", on, "vmcall-bytes")
        .expect("0xc1010f", SDM_VMCALL, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("0xc1010f", FIX, KVM_INTEL)
        .expect("0xd9010f", FIX, KVM_AMD);
    add(rows, "vmmcall-bytes", "The bytes of VMMCALL afterwards", on, "vmmcall-bytes")
        .expect("0xd9010f", SDM_VMCALL, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("0xc1010f", FIX, KVM_INTEL)
        .expect("0xd9010f", FIX, KVM_AMD);
    add(rows, "fix-off-vmcall", "VMCALL with FIX_HYPERCALL_INSN off", off, "vmcall")
        .expect(NONE, FIX, KVM_INTEL)
        .expect(UD, FIX, KVM_AMD);
    add(rows, "fix-off-vmmcall", "VMMCALL with FIX_HYPERCALL_INSN off", off, "vmmcall")
        .expect(UD, FIX, KVM_INTEL)
        .expect(NONE, FIX, KVM_AMD);
    add(rows, "fix-off-vmmcall-bytes", "The bytes of VMMCALL then", off, "vmmcall-bytes")
        .expect("0xd9010f", FIX, KVM_INTEL, KVM_AMD);
    Recipe readOnly = part("readonly");
    add(rows, "fix-readonly-vmmcall", "VMMCALL in a read-only page", readOnly, "readonly-vmmcall")
        .expect("0xe(0x3)", FIX, KVM_INTEL)
        .expect(NONE, FIX, KVM_AMD);
    add(rows, "fix-readonly-vmcall", "VMCALL in a read-only page", readOnly, "readonly-vmcall")
        .expect(NONE, FIX, KVM_INTEL)
        .expect("0xe(0x3)", FIX, KVM_AMD);
  }

  private static void monitor(BehaviourList rows) {
    Recipe on = part("monitor");
    Recipe off = off(on, "MWAIT_NEVER_UD_FAULTS");
    add(rows, "monitor", "MONITOR, which CPUID lacks", on, "monitor")
        .expect(UD, SDM_MONITOR, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect(NONE, MWAIT, KVM_INTEL, KVM_AMD);
    add(rows, "mwait", "MWAIT, which CPUID lacks", on, "mwait")
        .expect(UD, SDM_MONITOR, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect(NONE, MWAIT, KVM_INTEL, KVM_AMD);
    add(rows, "monitor-extension", "MONITOR with a bad ECX", on, "monitor-extension")
        .expect(NONE, MWAIT + "; VMX intercepts it before its operands", KVM_INTEL)
        .expect(GP, MWAIT + "; SVM checks its operands first", KVM_AMD);
    add(rows, "mwait-off-monitor", "MONITOR with MWAIT_NEVER_UD_FAULTS off", off, "monitor")
        .expect(UD, MWAIT, KVM_INTEL, KVM_AMD);
    add(rows, "mwait-off-mwait", "MWAIT with MWAIT_NEVER_UD_FAULTS off", off, "mwait")
        .expect(UD, MWAIT, KVM_INTEL, KVM_AMD);
    Recipe enumerated = off.with("-cpu", "max,+monitor");
    add(rows, "mwait-off-enumerated", "The same where CPUID has it", enumerated, "mwait")
        .expect(NONE, MWAIT, KVM_INTEL, KVM_AMD);
  }

  private static void miscEnable(BehaviourList rows) {
    Recipe on = part("enable").with("-cpu", "max,+monitor");
    Recipe off = off(part("enable"), "MISC_ENABLE_NO_MWAIT");
    String hardware = "SDM Vol. 4 \"IA32_MISC_ENABLE\", ENABLE MONITOR FSM";
    String cleared = "CPUID's MONITOR after IA32_MISC_ENABLE[18] was cleared";
    add(rows, "enable-cleared", cleared, on, "cleared-cpuid-monitor")
        .expect("0x0", hardware, BARE_METAL_INTEL)
        .expect("0x1", ENABLE, KVM_INTEL, KVM_AMD);
    add(
            rows,
            "enable-off-cleared",
            "The same with MISC_ENABLE_NO_MWAIT off",
            off,
            "cleared-cpuid-monitor")
        .expect("0x0", ENABLE, KVM_INTEL, KVM_AMD);
    add(
            rows,
            "enable-off-set",
            "And after it was set, though -cpu lacks it",
            off,
            "set-cpuid-monitor")
        .expect("0x1", ENABLE, KVM_INTEL, KVM_AMD);
  }

  private static void apicHole(BehaviourList rows) {
    Recipe on = part("hole");
    Recipe off = off(on, "LAPIC_MMIO_HOLE");
    String device = "kind:mmio AND gpa:0xfee00020";
    add(rows, "hole-read", "What the APIC's page reads as in x2APIC mode", on, "hole")
        .expect("0xffffffff", LAPIC + ", apic_mmio_read", KVM_INTEL, KVM_AMD);
    rows.add("quirk-hole", "Who answers there")
        .recorded(on)
        .observed(Observation.field(device, "device"))
        .expect("unassigned", "SDM Vol. 3 \"x2APIC Mode\"", BARE_METAL_INTEL)
        .expect("unassigned", "APM Vol. 2 \"x2APIC\"", BARE_METAL_AMD)
        .expect("apic-hole", LAPIC + ", apic_mmio_read", KVM_INTEL, KVM_AMD);
    rows.add("quirk-hole-exits", "Accesses there that go to the monitor")
        .recorded(on)
        .observed(Observation.count("kind:vmexit AND name:KVM_EXIT_MMIO"))
        .expect("0", LAPIC + ", apic_mmio_read", KVM_INTEL, KVM_AMD);
    rows.add("quirk-hole-off-exits", "The same with LAPIC_MMIO_HOLE off")
        .recorded(off)
        .observed(Observation.count("kind:vmexit AND name:KVM_EXIT_MMIO"))
        .expect("3", LAPIC + ", apic_mmio_read and apic_mmio_write", KVM_INTEL, KVM_AMD);
  }

  private static void out(BehaviourList rows) {
    Observation rip = Observation.field("kind:vmexit AND name:KVM_EXIT_IO", "rip");
    rows.add("quirk-out-7e", "RIP at KVM_EXIT_IO of an OUT to port 7EH at 800000H")
        .recorded(part("out"))
        .observed(rip)
        .expect("0x800002", PIO, KVM_INTEL, KVM_AMD);
    rows.add("quirk-out-7e-off", "The same with OUT_7E_INC_RIP off")
        .recorded(off(part("out"), "OUT_7E_INC_RIP"))
        .observed(rip)
        .expect("0x800000", PIO, KVM_INTEL, KVM_AMD);
  }

  private static void registers(BehaviourList rows) {
    Recipe on = part("registers");
    Recipe off = off(on, "STUFF_FEATURE_MSRS");
    add(rows, "platform-info", "MSR_PLATFORM_INFO of a new vCPU", on, "platform-info")
        .expect("0x80000000", MSRS, KVM_INTEL, KVM_AMD);
    add(rows, "bios-sign-id", "IA32_BIOS_SIGN_ID of a new vCPU", on, "bios-sign-id")
        .expect("0x100000000", MSRS, KVM_INTEL)
        .expect("0x1000065", MSRS, KVM_AMD);
    add(rows, "perf-capabilities", "IA32_PERF_CAPABILITIES without PDCM", on, "perf-capabilities")
        .expect(GP, "arch/x86/kvm/x86.c, kvm_get_msr_common", KVM_INTEL, KVM_AMD);
    for (String key : List.of("platform-info", "arch-capabilities", "bios-sign-id")) {
      add(rows, "stuff-off-" + key, key + " with STUFF_FEATURE_MSRS off", off, key)
          .expect("0x0", MSRS, KVM_INTEL, KVM_AMD);
    }
    add(
            rows,
            "set-msr",
            "The monitor writes MSR_PLATFORM_INFO: what the guest reads",
            on.inject("set-msr,vcpu=0,msr=0xce,value=0x1234,at=0"),
            "platform-info")
        .expect("0x1234", "Documentation/virt/kvm/api.rst KVM_SET_MSRS", KVM_INTEL, KVM_AMD)
        .refusedOnBareMetal();
    add(
            rows,
            "platform-info-hidden",
            "KVM_CAP_MSR_PLATFORM_INFO 0: what the guest meets",
            on.inject("enable-cap,cap=MSR_PLATFORM_INFO,flags=0x0,at=0"),
            "platform-info")
        .expect(GP, "Documentation/virt/kvm/api.rst KVM_CAP_MSR_PLATFORM_INFO", KVM_INTEL, KVM_AMD)
        .refusedOnBareMetal();
  }

  private static void lint0(BehaviourList rows) {
    Recipe on = part("lint0").with("-smp", "2");
    Recipe off = off(on, "LINT0_REENABLED");
    add(rows, "lint0", "LINT0 of the bootstrap processor after INIT", on, "bsp-lint0")
        .expect("0x10000", SDM_LVT, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("0x700", LAPIC + ", kvm_lapic_reset", KVM_INTEL, KVM_AMD);
    add(rows, "lint0-ap", "LINT0 of another processor after INIT", on, "ap-lint0")
        .expect("0x10000", SDM_LVT, BARE_METAL_INTEL, BARE_METAL_AMD)
        .expect("0x10000", LAPIC + ", kvm_lapic_reset", KVM_INTEL, KVM_AMD);
    add(rows, "lint0-off", "LINT0 of the first with LINT0_REENABLED off", off, "bsp-lint0")
        .expect("0x10000", LAPIC + ", kvm_lapic_reset", KVM_INTEL, KVM_AMD);
  }

  /// Quirks are switched off while the guest runs, and what KVM refuses.
  private static void requests(BehaviourList rows) {
    add(
            rows,
            "disabled-by-request",
            "VMCALL and VMMCALL after KVM_ENABLE_CAP: the foreign one",
            part("hypercall").inject("enable-cap,cap=DISABLE_QUIRKS2,flags=0x20,at=1000"),
            "vmmcall")
        .expect(UD, FIX, KVM_INTEL)
        .expect(NONE, FIX, KVM_AMD)
        .refusedOnBareMetal();
    result(
        rows,
        "unknown-quirk",
        "DISABLE_QUIRKS2 with a bit that this KVM lacks",
        "enable-cap,cap=DISABLE_QUIRKS2,flags=0x400,at=0",
        "-EINVAL",
        API);
    result(
        rows,
        "old-capability",
        "DISABLE_QUIRKS with the same bit",
        "enable-cap,cap=DISABLE_QUIRKS,flags=0x400,at=0",
        "0",
        "arch/x86/kvm/x86.c, kvm_vm_ioctl_enable_cap");
    result(
        rows,
        "late-cpuid",
        "KVM_SET_CPUID2 after the vCPU ran",
        "set-cpuid,vcpu=0,leaf=0x1,at=1000",
        "-EINVAL",
        "arch/x86/kvm/cpuid.c, kvm_set_cpuid");
    result(
        rows,
        "refused-msr",
        "KVM_SET_MSRS of a register without VMX",
        "set-msr,vcpu=0,msr=0x480,value=0x0,at=0",
        "0",
        "Documentation/virt/kvm/api.rst KVM_SET_MSRS");
  }

  private static void result(
      BehaviourList rows, String name, String text, String request, String outcome, String source) {
    rows.add("quirk-" + name, text)
        .recorded(part("registers").inject(request))
        .observed(Observation.field("kind:control", "result"))
        .expect(outcome, source, KVM_INTEL, KVM_AMD)
        .refusedOnBareMetal();
  }
}
