package dev.backstep.emulator.platform;

import java.util.EnumSet;
import java.util.Set;

/// Generations of KVM that choose an EPT leaf's memory type differently: the history of
/// vmx_get_mt_mask in arch/x86/kvm/vmx/vmx.c. Each stands for the releases from its own to the
/// next.
public enum KernelGeneration {
  /// Up to 6.10: with non-coherent DMA the guest's MTRRs and CR0.CD count.
  LINUX_6_10("6.10", 6),

  /// From 6.11, commits 0a7b73559b39 and e1548088ff54: guest MTRRs and CR0.CD never count.
  LINUX_6_11("6.11", 6),

  /// From 6.16, commit c9c1e20b4c7d: the guest's PAT counts where IGNORE_GUEST_PAT is off.
  LINUX_6_16("6.16", 9);

  private final String release;
  private final int highestQuirk;

  /// @param highestQuirk the last bit of KVM_X86_VALID_QUIRKS
  KernelGeneration(String release, int highestQuirk) {
    this.release = release;
    this.highestQuirk = highestQuirk;
  }

  /// The release as `kernel=` has it.
  public String release() {
    return release;
  }

  /// Those that KVM_CAP_DISABLE_QUIRKS2 can switch off: KVM_X86_VALID_QUIRKS.
  Set<Quirk> quirks() {
    var known = EnumSet.allOf(Quirk.class);
    known.removeIf(quirk -> quirk.bit() > highestQuirk);
    return known;
  }

  /// Whether a quirk that was switched off stays so, whatever is asked for later: since "KVM: x86:
  /// do not allow re-enabling quirks", of the series that brought IGNORE_GUEST_PAT. Before, each
  /// request replaced what the last one said.
  boolean keepsQuirksOff() {
    return this == LINUX_6_16;
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
