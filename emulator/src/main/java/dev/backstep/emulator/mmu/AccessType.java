package dev.backstep.emulator.mmu;

/// What an access to linear memory is for.
public enum AccessType {
  READ,
  WRITE,
  FETCH
}
