package dev.backstep.emulator.mmu;

/// A platform's rule for the effective memory type of a page.
public interface MemoryTypePolicy {}
