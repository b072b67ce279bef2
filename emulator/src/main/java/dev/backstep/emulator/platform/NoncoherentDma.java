package dev.backstep.emulator.platform;

/// Whether a device whose DMA does not snoop caches is assigned to the machine. KVM asks it as
/// kvm_arch_has_noncoherent_dma.
public enum NoncoherentDma {
  NONE,
  ASSIGNED
}
