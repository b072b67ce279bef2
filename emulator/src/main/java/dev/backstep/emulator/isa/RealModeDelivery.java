package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.InnerStack;
import dev.backstep.emulator.vcpu.Rflags;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Delivery through the interrupt vector table of real-address mode, which virtual-8086 mode uses
/// too for redirected software interrupts. No error codes. SDM Vol. 3 "Interrupt and Exception
/// Handling" (8086 emulation), Vol. 2 "INT n".
final class RealModeDelivery {
  private static final int ENTRY_BYTES = 4;

  private RealModeDelivery() {}

  /// Real-address mode.
  static void throughVectorTable(Vcpu c, int vector, int ext) {
    if (vector * ENTRY_BYTES + ENTRY_BYTES - 1 > c.idtLimit) {
      throw c.fault.generalProtection(vector * ENTRY_BYTES + 2 + ext);
    }
    long entry = c.mmu.readSystem(c.idtBase + (long) vector * ENTRY_BYTES, ENTRY_BYTES);
    enter(c, entry, c.rflags(), Rflags.IF | Rflags.TF | Rflags.AC | Rflags.RF);
  }

  /// Pushes FLAGS, CS and IP, clears flags, and enters the routine at `entry` (segment and offset).
  static void enter(Vcpu c, long entry, long pushedFlags, int clearedFlags) {
    InnerStack stack = c.innerStack;
    stack.startCurrent(c, 0);
    stack.requireRoom(c, 6);
    CodeSegments.requireRealStyleTarget(c, entry & 0xFFFF);
    stack.push(c, pushedFlags, 2);
    stack.push(c, c.segments[SegmentRegister.CS].selector, 2);
    stack.push(c, c.rip, 2);
    stack.commit(c);
    c.setRflags(c.rflags() & ~(long) clearedFlags);
    CodeSegments.jumpRealStyle(c, (int) (entry >>> 16) & 0xFFFF, entry & 0xFFFF);
  }
}
