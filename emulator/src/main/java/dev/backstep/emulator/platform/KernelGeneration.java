package dev.backstep.emulator.platform;

/// Generations of KVM that choose an EPT leaf's memory type differently: the history of
/// vmx_get_mt_mask in arch/x86/kvm/vmx/vmx.c. Each stands for the releases from its own to the
/// next.
public enum KernelGeneration {
  /// Up to 6.10: with non-coherent DMA the guest's MTRRs and CR0.CD count.
  LINUX_6_10("6.10"),

  /// From 6.11, commits 0a7b73559b39 and e1548088ff54: guest MTRRs and CR0.CD never count.
  LINUX_6_11("6.11"),

  /// From 6.16, commit c9c1e20b4c7d: the guest's PAT counts where IGNORE_GUEST_PAT is off.
  LINUX_6_16("6.16");

  private final String release;

  KernelGeneration(String release) {
    this.release = release;
  }

  /// The release as `kernel=` has it.
  public String release() {
    return release;
  }

  /// Whether vmx_get_mt_mask asks for `quirk`; a quirk of another part of KVM counts as asked for.
  boolean heedsWithEpt(Quirk quirk) {
    return switch (quirk) {
      case CD_NW_CLEARED -> this == LINUX_6_10;
      case IGNORE_GUEST_PAT -> this == LINUX_6_16;
      default -> true;
    };
  }

  static KernelGeneration byRelease(String release) {
    for (KernelGeneration generation : values()) {
      if (generation.release.equals(release)) {
        return generation;
      }
    }
    throw new AssertionError("no generation for Linux " + release);
  }
}
