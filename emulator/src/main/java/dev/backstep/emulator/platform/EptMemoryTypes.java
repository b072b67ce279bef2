package dev.backstep.emulator.platform;

import dev.backstep.emulator.mmu.EffectiveTypes;
import dev.backstep.emulator.mmu.MemoryType;
import dev.backstep.emulator.mmu.MemoryTypePolicy;
import dev.backstep.emulator.mmu.Mtrrs;

/// Memory types under KVM with EPT: what vmx_get_mt_mask puts into the EPT leaf, combined with the
/// guest's PAT as the processor does it. MTRRs as such never count on guest-physical accesses, and
/// CR0.CD never reaches the hardware. SDM Vol. 3 "Memory Type Used for Translated Guest-Physical
/// Addresses"; Linux errata.rst, "MTRRs" and "CR0.CD".
///
/// | kernel | MMIO | RAM | RAM with non-coherent DMA |
/// |---|---|---|---|
/// | to 6.10 | UC | WB, IPAT | CR0.CD: WB or (CD_NW_CLEARED off) UC, both IPAT; else the guest's MTRR type |
/// | 6.11 | UC | WB, IPAT | WB |
/// | 6.16 | UC | WB, and IPAT with IGNORE_GUEST_PAT | WB |
final class EptMemoryTypes implements MemoryTypePolicy {
  /// Bits 6:3 of an EPT leaf and what led to them.
  private record Leaf(MemoryType type, GuestPat guestPat, String rule) {
    String label() {
      return guestPat == GuestPat.IGNORED ? type.label() + "|IPAT" : type.label();
    }
  }

  /// Bit 6 of an EPT leaf: ignore PAT.
  private enum GuestPat {
    IGNORED,
    COMBINED
  }

  private final KernelGeneration kernel;
  private final NoncoherentDma dma;
  private final VmCapabilities vm;

  EptMemoryTypes(KernelGeneration kernel, NoncoherentDma dma, VmCapabilities vm) {
    this.kernel = kernel;
    this.dma = dma;
    this.vm = vm;
  }

  @Override
  public Decision decide(Inputs in) {
    if (in.backing() == Backing.XAPIC_PAGE) {
      return new Decision(MemoryType.UC, "UC", "xapic-page-uc");
    }
    Leaf leaf = leaf(in);
    MemoryType effective =
        leaf.guestPat == GuestPat.IGNORED ? leaf.type : EffectiveTypes.of(leaf.type, in.pat());
    return new Decision(effective, leaf.label(), leaf.rule);
  }

  private Leaf leaf(Inputs in) {
    if (in.backing() == Backing.DEVICE) {
      return new Leaf(MemoryType.UC, GuestPat.COMBINED, "ept-uc-combines-with-guest-pat");
    }
    if (dma == NoncoherentDma.ASSIGNED) {
      return kernel == KernelGeneration.LINUX_6_10 ? leafFromGuest(in) : writeBack(in);
    }
    if (kernel != KernelGeneration.LINUX_6_16) {
      return new Leaf(MemoryType.WB, GuestPat.IGNORED, "ept-wb-coherent-dma");
    }
    return vm.has(Quirk.IGNORE_GUEST_PAT)
        ? new Leaf(MemoryType.WB, GuestPat.IGNORED, "ept-wb-ignore-guest-pat")
        : writeBack(in);
  }

  private static Leaf writeBack(Inputs in) {
    boolean paging = in.paging() == Paging.ON;
    String rule = paging ? "ept-wb-yields-to-guest-pat" : "ept-wb-paging-off";
    return new Leaf(MemoryType.WB, GuestPat.COMBINED, rule);
  }

  /// Before 6.11, for a device that needs the guest's own types.
  private Leaf leafFromGuest(Inputs in) {
    if (in.caching() == Caching.DISABLED) {
      return vm.has(Quirk.CD_NW_CLEARED)
          ? new Leaf(MemoryType.WB, GuestPat.IGNORED, "ept-wb-cd-nw-cleared")
          : new Leaf(MemoryType.UC, GuestPat.IGNORED, "ept-uc-guest-cd");
    }
    Mtrrs.Resolution mtrr = KvmMtrrs.resolve(in.mtrrs(), in.gpa());
    return new Leaf(
        mtrr.type(), GuestPat.COMBINED, "ept-from-guest-" + NativeMemoryTypes.nameOf(mtrr));
  }
}
