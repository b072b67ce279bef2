package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.InnerStack;
import dev.backstep.emulator.vcpu.Vcpu;

/// Finds the stack of an inner privilege level in the TSS. SDM Vol. 3 "Stack Switching", "Stack
/// Switching in 64-bit Mode", "Interrupt Stack Table".
final class StackSwitch {
  /// Offset of RSP0 in a 64-bit TSS, less 8: privilege levels and ISTs are counted from there.
  private static final int TSS64_RSP0 = 4;

  /// Offset of IST1 less 8.
  private static final int TSS64_IST = 28;

  private StackSwitch() {}

  /// Prepares [Vcpu#innerStack] with the stack that the TSS of the mode holds for `newCpl`.
  static void toInner(Vcpu c, int newCpl, int ext) {
    if (c.isLongModeActive()) {
      fromTss64(c, newCpl, ext);
    } else {
      fromTss(c, newCpl, ext);
    }
  }

  /// Prepares the stack in use for a transfer through a gate. In long mode gates lead to 64-bit
  /// code: so is the stack, even when the program is in compatibility mode.
  static void stay(Vcpu c, int ext) {
    c.innerStack.startCurrent(c, ext);
    if (c.isLongModeActive()) {
      c.innerStack.useLongMode();
    }
  }

  /// Prepares [Vcpu#innerStack] with the stack that the 16- or 32-bit TSS holds for `newCpl`.
  static void fromTss(Vcpu c, int newCpl, int ext) {
    boolean is32 = (c.tr.type() & Descriptor.TYPE_32BIT) != 0;
    int offset = is32 ? newCpl * 8 + 4 : newCpl * 4 + 2;
    int pointerBytes = is32 ? 4 : 2;
    requireWithinTss(c, offset + pointerBytes + 1, ext);
    long pointer = c.mmu.readSystem(c.tr.base + offset, pointerBytes);
    int selector = (int) c.mmu.readSystem(c.tr.base + offset + pointerBytes, 2);
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.withCode(GuestFault.TS, DescriptorFetch.code(selector, ext));
    }
    long d = DescriptorFetch.read(c, selector, GuestFault.TS, ext);
    SegmentLoads.requireLoadableStack(c, selector, d, ext, GuestFault.TS, newCpl);
    DescriptorFetch.markAccessed(c, selector, d);
    InnerStack stack = c.innerStack;
    SegmentLoads.fill(stack.segment, selector, d);
    stack.start(pointer, newCpl, DescriptorFetch.code(selector, ext));
  }

  /// Prepares the stack of `newCpl` from a 64-bit TSS.
  static void fromTss64(Vcpu c, int newCpl, int ext) {
    fromTss64At(c, TSS64_RSP0 + newCpl * 8, newCpl, ext);
  }

  /// Prepares stack `index` (1 to 7) of the interrupt stack table.
  static void fromInterruptStackTable(Vcpu c, int index, int newCpl, int ext) {
    fromTss64At(c, TSS64_IST + index * 8, newCpl, ext);
  }

  private static void fromTss64At(Vcpu c, int offset, int newCpl, int ext) {
    requireWithinTss(c, offset + 7, ext);
    long pointer = c.mmu.readSystem(c.tr.base + offset, 8);
    if (!c.mmu.isCanonical(pointer)) {
      throw c.fault.withCode(GuestFault.SS, ext);
    }
    InnerStack stack = c.innerStack;
    stack.selectNull(newCpl);
    stack.start(pointer, newCpl, ext);
    stack.useLongMode();
  }

  private static void requireWithinTss(Vcpu c, int lastByte, int ext) {
    if (Integer.compareUnsigned(lastByte, c.tr.limit) > 0) {
      throw c.fault.withCode(GuestFault.TS, DescriptorFetch.code(c.tr.selector, ext));
    }
  }
}
