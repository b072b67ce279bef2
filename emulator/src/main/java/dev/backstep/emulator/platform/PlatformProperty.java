package dev.backstep.emulator.platform;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A setting of a platform that no quirk of KVM's names: `--platform NAME,PROPERTY=VALUE`. The
/// first value is the default.
public enum PlatformProperty {
  KERNEL(
      "kernel",
      List.of("6.16", "6.11", "6.10"),
      "the Linux release, or the last one before it that changed how KVM chooses EPT memory types",
      "arch/x86/kvm/vmx/vmx.c, vmx_get_mt_mask: commits 0a7b73559b39, e1548088ff54 (6.11),"
          + " c9c1e20b4c7d (6.16)"),
  NONCOHERENT_DMA(
      "noncoherent-dma",
      List.of("auto", "on", "off"),
      "whether a device with non-coherent DMA is assigned; auto: whether the machine has one",
      "arch/x86/kvm/x86.c, kvm_arch_has_noncoherent_dma"),
  SELF_SNOOP(
      "self-snoop",
      List.of("on", "off"),
      "whether the host's processor has self-snoop, without which IGNORE_GUEST_PAT stays on",
      "arch/x86/kvm/vmx/vmx.c, vmx_hardware_setup; commit c9c1e20b4c7d (6.16)"),
  X87_CPUID(
      "x87-cpuid",
      List.of("asked", "set"),
      "what CPUID shows of FDP_EXCPTN_ONLY and ZERO_FCS_FDS: what -cpu asked for, or both set; the"
          + " FPU is the CPU model's",
      "Linux errata.rst, \"x87 features\": it is recommended to always set these bits"),
  VECTOR_HASHING(
      "vector-hashing",
      List.of("on", "off"),
      "whether the vector chooses who takes a lowest-priority interrupt; off: who took the fewest",
      "kvm.ko's parameter vector_hashing; arch/x86/kvm/lapic.c, kvm_apic_map_get_dest_lapic"),
  REAL_MODE_ERROR_CODE(
      "real-mode-error-code",
      List.of("dropped", "kept"),
      "what KVM does with the error code of an exception injected in real mode; kept: before 6.3",
      "arch/x86/kvm/x86.c, kvm_inject_exception: commit 6c41468c7c12"),
  VMX_ANY_ERRCODE(
      "vmx-any-errcode",
      List.of("auto", "on", "off"),
      "IA32_VMX_BASIC[56]: any exception may be injected with or without an error code; auto: as"
          + " the CPU model has it, which is with CET",
      "Linux errata.rst, KVM_SET_VCPU_EVENTS; QEMU's name"),
  VMX_ZERO_LEN_INJECT(
      "vmx-zero-len-inject",
      List.of("auto", "on", "off"),
      "IA32_VMX_MISC[30]: #BP, #OF and INT n may be injected with an instruction length of 0; auto:"
          + " as the CPU model has it, which is since Skylake",
      "SDM Vol. 3 \"VM-Entry Control Fields\"; QEMU's name");

  private final String key;
  private final List<String> choices;
  private final String description;
  private final String source;

  PlatformProperty(String key, List<String> choices, String description, String source) {
    this.key = key;
    this.choices = choices;
    this.description = description;
    this.source = source;
  }

  /// The property's name in `--platform`.
  public String key() {
    return key;
  }

  /// What it can be set to; the default comes first.
  public List<String> choices() {
    return choices;
  }

  public String description() {
    return description;
  }

  public String source() {
    return source;
  }

  static @Nullable PlatformProperty byKey(String key) {
    for (PlatformProperty property : values()) {
      if (property.key.equals(key)) {
        return property;
      }
    }
    return null;
  }
}
