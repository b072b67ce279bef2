package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Far RET, and the stack checks that IRET shares with it. SDM Vol. 2 "RET".
final class FarReturns {
  private FarReturns() {}

  /// Returns far; `parameterBytes` are dropped from the stack (both stacks if the privilege
  /// changes).
  static void ret(Vcpu c, int bytes, long parameterBytes) {
    long rip = StackFrame.read(c, 0, bytes);
    int selector = (int) StackFrame.read(c, bytes, bytes) & 0xFFFF;
    if (c.mode.isRealStyle()) {
      CodeSegments.requireRealStyleTarget(c, rip);
      StackFrame.release(c, 2L * bytes + parameterBytes);
      CodeSegments.jumpRealStyle(c, selector, rip);
      return;
    }
    long d = fetchReturnCode(c, selector);
    if (DescriptorFetch.rpl(selector) > c.cpl) {
      returnOuter(c, selector, d, rip, bytes, parameterBytes);
      return;
    }
    CodeSegments.requireTarget(c, d, rip, 0);
    prepareShadowStack(c, selector, d, rip);
    DescriptorFetch.markAccessed(c, selector, d);
    ShadowStack.commitReturn(c, c.cpl);
    StackFrame.release(c, 2L * bytes + parameterBytes);
    CodeSegments.commit(c, selector, d, c.cpl, rip);
  }

  private static void returnOuter(
      Vcpu c, int selector, long d, long rip, int bytes, long parameterBytes) {
    int newCpl = DescriptorFetch.rpl(selector);
    long above = 2L * bytes + parameterBytes;
    long pointer = StackFrame.read(c, above, bytes);
    int stackSelector = (int) StackFrame.read(c, above + bytes, bytes) & 0xFFFF;
    long stack = fetchReturnStack(c, stackSelector, d, newCpl);
    CodeSegments.requireTarget(c, d, rip, 0);
    prepareShadowStack(c, selector, d, rip);
    markAccessed(c, selector, d, stackSelector, stack);
    ShadowStack.commitReturn(c, newCpl);
    commitStack(c, stackSelector, stack, newCpl);
    CodeSegments.commit(c, selector, d, newCpl, rip);
    setReturnPointer(c, bytes, pointer);
    StackFrame.release(c, parameterBytes);
    CodeSegments.dropInnerDataSegments(c);
  }

  /// The code segment descriptor that a return address names, checked for RET and IRET.
  static long fetchReturnCode(Vcpu c, int selector) {
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.generalProtection(0);
    }
    long d = DescriptorFetch.read(c, selector);
    CodeSegments.requireReturn(c, selector, d);
    return d;
  }

  /// The checks of RETF and IRET on the shadow stack: what returns goes to `rip` of the segment.
  static void prepareShadowStack(Vcpu c, int selector, long code, long rip) {
    if (c.cr4(ControlBits.CR4_CET)) {
      boolean to64 = CodeSegments.isLong(c, code);
      long target = to64 ? rip : Descriptor.base(code) + rip & 0xFFFFFFFFL;
      ShadowStack.prepareReturn(c, selector, target, DescriptorFetch.rpl(selector), to64);
    }
  }

  /// Marks the code segment and the stack segment, if there is one, accessed.
  static void markAccessed(Vcpu c, int selector, long code, int stackSelector, long stack) {
    DescriptorFetch.markAccessed(c, selector, code);
    if (stack != 0) {
      DescriptorFetch.markAccessed(c, stackSelector, stack);
    }
  }

  /// The stack segment descriptor of a return to `newCpl`, checked; 0 for a null selector, which
  /// only 64-bit code below privilege 3 may get.
  static long fetchReturnStack(Vcpu c, int selector, long code, int newCpl) {
    if (DescriptorFetch.isNull(selector)) {
      boolean allowed =
          CodeSegments.isLong(c, code) && newCpl != 3 && DescriptorFetch.rpl(selector) == newCpl;
      if (!allowed) {
        throw c.fault.generalProtection(0);
      }
      return 0;
    }
    long d = DescriptorFetch.read(c, selector);
    SegmentLoads.requireLoadableStack(c, selector, d, 0, GuestFault.GP, newCpl);
    return d;
  }

  /// Loads SS with what [#fetchReturnStack] yielded.
  static void commitStack(Vcpu c, int selector, long descriptor, int newCpl) {
    SegmentRegister ss = c.segments[SegmentRegister.SS];
    if (descriptor == 0) {
      ss.set(selector, 0, 0, newCpl << 5, false);
    } else {
      SegmentLoads.fill(ss, selector, descriptor);
    }
    c.mmu.segmentChanged(SegmentRegister.SS);
  }

  /// Sets the stack pointer that was popped, in the mode returned to. A 16-bit stack segment gets
  /// SP and keeps the upper half of ESP, as processors do. SDM Vol. 2 "IRET".
  static void setReturnPointer(Vcpu c, int bytes, long pointer) {
    boolean keepsUpper =
        c.mode != CpuMode.LONG64 && !c.segments[SegmentRegister.SS].is(SegmentRegister.DEFAULT_BIG);
    if (keepsUpper) {
      StackFrame.setPointer(c, 0xFFFF, pointer);
    } else {
      c.gpr[Vcpu.RSP] = bytes == 8 ? pointer : pointer & 0xFFFFFFFFL;
    }
  }
}
