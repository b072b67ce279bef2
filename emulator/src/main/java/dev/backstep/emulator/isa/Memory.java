package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Vcpu;

/// Explicit memory accesses of a size known at run time: 1, 2, 4 or 8 bytes, sign-extended.
final class Memory {
  private Memory() {}

  static long load(Vcpu c, int segment, long ea, int bytes) {
    return switch (bytes) {
      case 1 -> c.mmu.load8(segment, ea);
      case 2 -> c.mmu.load16(segment, ea);
      case 4 -> c.mmu.load32(segment, ea);
      default -> c.mmu.load64(segment, ea);
    };
  }

  /// A load that also checks that the location can be written.
  static long loadForWrite(Vcpu c, int segment, long ea, int bytes) {
    return switch (bytes) {
      case 1 -> c.mmu.loadForWrite8(segment, ea);
      case 2 -> c.mmu.loadForWrite16(segment, ea);
      case 4 -> c.mmu.loadForWrite32(segment, ea);
      default -> c.mmu.loadForWrite64(segment, ea);
    };
  }

  /// All checks of a read of an image of state, and no access.
  static void probeImage(Vcpu c, int segment, long ea, int bytes) {
    if (c.cpuid.vendor().looksAtImageEnds()) {
      c.mmu.probeRead(segment, ea, 1);
      c.mmu.probeRead(segment, ea + bytes - 1, 1);
    }
    c.mmu.probeRead(segment, ea, bytes);
  }

  /// All checks of a write of an image of state, and no access.
  static void probeImageForWrite(Vcpu c, int segment, long ea, int bytes) {
    if (c.cpuid.vendor().looksAtImageEnds()) {
      c.mmu.probeWrite(segment, ea, 1);
      c.mmu.probeWrite(segment, ea + bytes - 1, 1);
    }
    c.mmu.probeWrite(segment, ea, bytes);
  }

  static void store(Vcpu c, int segment, long ea, int bytes, long value) {
    switch (bytes) {
      case 1 -> c.mmu.store8(segment, ea, (int) value);
      case 2 -> c.mmu.store16(segment, ea, (int) value);
      case 4 -> c.mmu.store32(segment, ea, (int) value);
      default -> c.mmu.store64(segment, ea, value);
    }
  }
}
