package dev.backstep.emulator.interrupt;

/// How KVM chooses the one that takes a lowest-priority interrupt: kvm.ko's parameter
/// `vector_hashing`. Linux arch/x86/kvm/lapic.c, kvm_apic_map_get_dest_lapic.
public enum LowestPriority {
  /// The candidate whose number is the vector modulo how many there are.
  VECTOR_HASHING,
  /// The one that took the fewest such interrupts since its reset.
  ARBITRATION
}
