package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// The stack in use, as far transfers and returns read it: by offset from its top, committing
/// nothing. SDM Vol. 1 "Address-Size Attributes for Stack".
final class StackFrame {
  private StackFrame() {}

  /// All ones of the stack's address size.
  static long mask(Vcpu c) {
    if (c.mode == CpuMode.LONG64) {
      return -1;
    }
    return c.segments[SegmentRegister.SS].is(SegmentRegister.DEFAULT_BIG) ? 0xFFFFFFFFL : 0xFFFF;
  }

  /// Reads 2, 4 or 8 bytes, zero-extended, `offset` bytes above the top of the stack.
  static long read(Vcpu c, long offset, int bytes) {
    long slot = c.gpr[Vcpu.RSP] + offset & mask(c);
    return switch (bytes) {
      case 2 -> c.mmu.load16(SegmentRegister.SS, slot) & 0xFFFFL;
      case 4 -> c.mmu.load32(SegmentRegister.SS, slot) & 0xFFFFFFFFL;
      default -> c.mmu.load64(SegmentRegister.SS, slot);
    };
  }

  /// Drops `bytes` bytes from the top of the stack.
  static void release(Vcpu c, long bytes) {
    setPointer(c, mask(c), c.gpr[Vcpu.RSP] + bytes);
  }

  /// Sets as much of RSP as a stack of that address mask uses: a 16-bit one keeps the rest.
  static void setPointer(Vcpu c, long mask, long value) {
    long kept = mask == 0xFFFF ? c.gpr[Vcpu.RSP] & ~mask : 0;
    c.gpr[Vcpu.RSP] = kept | value & mask;
  }
}
