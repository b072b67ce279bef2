package dev.backstep.emulator.isa;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Operands;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.emulator.vcpu.Descriptor;
import dev.backstep.emulator.vcpu.InnerStack;
import dev.backstep.emulator.vcpu.SegmentRegister;
import dev.backstep.emulator.vcpu.Vcpu;

/// Far JMP, CALL and RET: to code segments directly, and (through [CallGates] and [TaskSwitch]) by
/// gates and TSSs. SDM Vol. 2 "JMP", "CALL".
public final class FarTransfers {
  private FarTransfers() {}

  public static void jump(Vcpu c, DecodedInstruction i) {
    jump(c, i, selector(c, i), offset(c, i));
  }

  public static void call(Vcpu c, DecodedInstruction i) {
    call(c, i, selector(c, i), offset(c, i));
  }

  /// RETF, with or without parameters to drop.
  public static void ret(Vcpu c, DecodedInstruction i) {
    boolean hasParameters = Operands.kind(i.operand0) == Operands.IMMEDIATE;
    FarReturns.ret(c, i.operandBytes, hasParameters ? i.immediate & 0xFFFF : 0);
  }

  private static int selector(Vcpu c, DecodedInstruction i) {
    if (Operands.kind(i.operand0) == Operands.FAR_POINTER) {
      return (int) i.immediate2 & 0xFFFF;
    }
    return FarPointers.selector(c, i, i.effectiveAddress(c.gpr));
  }

  private static long offset(Vcpu c, DecodedInstruction i) {
    if (Operands.kind(i.operand0) == Operands.FAR_POINTER) {
      return i.operandBytes == 2 ? i.immediate & 0xFFFF : i.immediate & 0xFFFFFFFFL;
    }
    return FarPointers.offset(c, i, i.effectiveAddress(c.gpr));
  }

  private static void jump(Vcpu c, DecodedInstruction i, int selector, long rip) {
    if (c.mode.isRealStyle()) {
      CodeSegments.jumpRealStyle(c, selector, rip);
      return;
    }
    long d = fetchTarget(c, selector);
    if (Descriptor.isSystem(d)) {
      jumpThroughSystem(c, i, selector, d);
      return;
    }
    requireCode(c, selector, d);
    CodeSegments.requireDirect(c, selector, d);
    CodeSegments.requireTarget(c, d, rip, 0);
    ShadowStack.prepareJump(c, CodeSegments.isLong(c, d));
    DescriptorFetch.markAccessed(c, selector, d);
    BranchTracking.expectEndbranch(c, c.cpl);
    CodeSegments.commit(c, selector, d, c.cpl, rip);
  }

  private static void jumpThroughSystem(Vcpu c, DecodedInstruction i, int selector, long d) {
    switch (systemTarget(c, selector, d)) {
      case CALL_GATE -> CallGates.jump(c, selector, d);
      case TASK_GATE -> TaskSwitch.throughGate(c, selector, d, TaskSwitch.Cause.JMP, i.nextRip);
      case TSS -> TaskSwitch.toTss(c, selector, d, TaskSwitch.Cause.JMP, i.nextRip);
    }
  }

  private static void call(Vcpu c, DecodedInstruction i, int selector, long rip) {
    if (c.mode.isRealStyle()) {
      callRealStyle(c, i, selector, rip);
      return;
    }
    long d = fetchTarget(c, selector);
    if (Descriptor.isSystem(d)) {
      callThroughSystem(c, i, selector, d);
      return;
    }
    requireCode(c, selector, d);
    CodeSegments.requireDirect(c, selector, d);
    startPush(c, i.operandBytes);
    CodeSegments.requireTarget(c, d, rip, 0);
    pushReturn(c, c.innerStack, i.nextRip, i.operandBytes);
    ShadowStack.prepareSame(c, CodeSegments.isLong(c, d), i.nextRip, 0);
    DescriptorFetch.markAccessed(c, selector, d);
    c.innerStack.commit(c);
    ShadowStack.commitCall(c, c.cpl);
    CodeSegments.commit(c, selector, d, c.cpl, rip);
  }

  private static void callThroughSystem(Vcpu c, DecodedInstruction i, int selector, long d) {
    switch (systemTarget(c, selector, d)) {
      case CALL_GATE -> CallGates.call(c, selector, d, i.nextRip);
      case TASK_GATE -> TaskSwitch.throughGate(c, selector, d, TaskSwitch.Cause.CALL, i.nextRip);
      case TSS -> TaskSwitch.toTss(c, selector, d, TaskSwitch.Cause.CALL, i.nextRip);
    }
  }

  private static void callRealStyle(Vcpu c, DecodedInstruction i, int selector, long rip) {
    startPush(c, i.operandBytes);
    CodeSegments.requireRealStyleTarget(c, rip);
    pushReturn(c, c.innerStack, i.nextRip, i.operandBytes);
    c.innerStack.commit(c);
    CodeSegments.jumpRealStyle(c, selector, rip);
  }

  /// Makes sure that CS and the return address fit on the stack in use.
  private static void startPush(Vcpu c, int bytes) {
    InnerStack stack = c.innerStack;
    stack.startCurrent(c, 0);
    if (c.mode == CpuMode.LONG64) {
      stack.useLongMode();
    }
    stack.requireRoom(c, 2 * bytes);
  }

  /// Pushes CS and `returnRip`, without moving RSP yet.
  static void pushReturn(Vcpu c, InnerStack stack, long returnRip, int bytes) {
    stack.push(c, c.segments[SegmentRegister.CS].selector, bytes);
    stack.push(c, returnRip, bytes);
  }

  private static long fetchTarget(Vcpu c, int selector) {
    if (DescriptorFetch.isNull(selector)) {
      throw c.fault.generalProtection(0);
    }
    return DescriptorFetch.read(c, selector);
  }

  private static void requireCode(Vcpu c, int selector, long d) {
    if (!Descriptor.isCode(d)) {
      throw c.fault.generalProtection(DescriptorFetch.code(selector, 0));
    }
  }

  /// What a system descriptor leads to.
  private enum SystemTarget {
    CALL_GATE,
    TASK_GATE,
    TSS
  }

  /// Checks type, privilege and presence of a system descriptor that JMP or CALL names. In long
  /// mode only 64-bit call gates are allowed.
  private static SystemTarget systemTarget(Vcpu c, int selector, long d) {
    int code = DescriptorFetch.code(selector, 0);
    SystemTarget target =
        switch (Descriptor.type(d)) {
          case Descriptor.CALL_GATE32 -> SystemTarget.CALL_GATE;
          case Descriptor.CALL_GATE16 -> legacyOnly(c, code, SystemTarget.CALL_GATE);
          case Descriptor.TASK_GATE -> legacyOnly(c, code, SystemTarget.TASK_GATE);
          case Descriptor.TSS16_AVAILABLE, Descriptor.TSS32_AVAILABLE ->
              legacyOnly(c, code, SystemTarget.TSS);
          default -> throw c.fault.generalProtection(code);
        };
    int dpl = Descriptor.dpl(d);
    if (dpl < c.cpl || dpl < DescriptorFetch.rpl(selector)) {
      throw c.fault.generalProtection(code);
    }
    CodeSegments.requirePresent(c, selector, d, 0);
    return target;
  }

  private static SystemTarget legacyOnly(Vcpu c, int code, SystemTarget target) {
    if (c.isLongModeActive()) {
      throw c.fault.generalProtection(code);
    }
    return target;
  }
}
