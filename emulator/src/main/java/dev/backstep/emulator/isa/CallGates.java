package dev.backstep.emulator.isa;

import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.InnerStack;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// JMP and CALL through a call gate whose own privilege and presence were checked. SDM Vol. 3
/// "Accessing a Code Segment Through a Call Gate", "IA-32e Mode Call Gates".
final class CallGates {
  private CallGates() {}

  static void jump(Vcpu c, int gateSelector, long gate) {
    long rip = offset(c, gateSelector, gate);
    int selector = Descriptor.gateSelector(gate);
    long d = fetchTarget(c, selector);
    int dpl = Descriptor.dpl(d);
    boolean allowed = Descriptor.isConforming(d) ? dpl <= c.cpl : dpl == c.cpl;
    if (!allowed) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
    CodeSegments.requireLongTarget(c, selector, d, 0);
    CodeSegments.requirePresent(c, selector, d, 0);
    CodeSegments.requireTarget(c, d, rip, 0);
    ShadowStack.prepareJump(c, c.isLongModeActive());
    DescriptorFetch.markAccessed(c, selector, d);
    BranchTracking.expectEndbranch(c, c.cpl);
    CodeSegments.commit(c, selector, d, c.cpl, rip);
  }

  static void call(Vcpu c, int gateSelector, long gate, long returnRip) {
    long rip = offset(c, gateSelector, gate);
    int selector = Descriptor.gateSelector(gate);
    long d = fetchTarget(c, selector);
    int dpl = Descriptor.dpl(d);
    if (dpl > c.cpl) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
    CodeSegments.requireLongTarget(c, selector, d, 0);
    CodeSegments.requirePresent(c, selector, d, 0);
    int newCpl = Descriptor.isConforming(d) ? c.cpl : dpl;
    int bytes = slotBytes(c, gate);
    InnerStack stack = c.innerStack;
    if (newCpl < c.cpl) {
      int parameters = c.isLongModeActive() ? 0 : Descriptor.parameterCount(gate);
      StackSwitch.toInner(c, newCpl, 0);
      stack.requireRoom(c, (4 + parameters) * bytes);
      CodeSegments.requireTarget(c, d, rip, 0);
      pushOuter(c, stack, parameters, bytes);
    } else {
      StackSwitch.stay(c, 0);
      stack.requireRoom(c, 2 * bytes);
      CodeSegments.requireTarget(c, d, rip, 0);
    }
    FarTransfers.pushReturn(c, stack, returnRip, bytes);
    DescriptorFetch.markAccessed(c, selector, d);
    if (newCpl < c.cpl) {
      ShadowStack.prepareInner(c, newCpl, c.isLongModeActive(), 0, returnRip, 0);
    } else {
      ShadowStack.prepareSame(c, c.isLongModeActive(), returnRip, 0);
    }
    stack.commit(c);
    ShadowStack.commitCall(c, newCpl);
    CodeSegments.commit(c, selector, d, newCpl, rip);
  }

  /// The caller's stack pointer, and the parameters that lie on its stack.
  private static void pushOuter(Vcpu c, InnerStack stack, int parameters, int bytes) {
    stack.push(c, c.segments[SegmentRegister.SS].selector, bytes);
    stack.push(c, c.gpr[Vcpu.RSP], bytes);
    for (int k = parameters - 1; k >= 0; k--) {
      stack.push(c, StackFrame.read(c, (long) k * bytes, bytes), bytes);
    }
  }

  private static long fetchTarget(Vcpu c, int selector) {
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.generalProtection(0);
    }
    long d = DescriptorFetch.read(c, selector);
    if (!Descriptor.isCode(d)) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
    return d;
  }

  /// The gate's target offset: 16, 32 or, in long mode, 64 bits.
  private static long offset(Vcpu c, int gateSelector, long gate) {
    if (c.isLongModeActive()) {
      long upper = DescriptorFetch.readUpperHalf(c, gateSelector, 0);
      return upper << 32 | Descriptor.gateOffset(gate);
    }
    boolean is32 = Descriptor.type(gate) == Descriptor.CALL_GATE32;
    return is32 ? Descriptor.gateOffset(gate) : gate & 0xFFFF;
  }

  private static int slotBytes(Vcpu c, long gate) {
    if (c.isLongModeActive()) {
      return 8;
    }
    return Descriptor.type(gate) == Descriptor.CALL_GATE32 ? 4 : 2;
  }
}
