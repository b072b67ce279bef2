package dev.backstep.emulator.isa;

import dev.backstep.emulator.testing.SystemBench;
import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.ControlFlowState;
import dev.backstep.emulator.vcpu.Vcpu;

/// 64-bit mode with control-flow enforcement: shadow stacks of user and supervisor mode, each a
/// page of its own.
final class ControlFlowBench {
  static final long USER_STACK = 0x80000;
  static final long USER_TOP = USER_STACK + 0x1000;
  static final long KERNEL_STACK = 0x82000;

  /// Where the token of the supervisor's stack is, and that of its IST stack 1.
  static final long KERNEL_TOKEN = KERNEL_STACK + 0xFF8;

  static final long IST_TOKEN = KERNEL_STACK + 0x7F8;

  /// The table of interrupt shadow stacks, in ordinary memory.
  static final long TABLE = SystemBench.SCRATCH + 0x100;

  /// Present, dirty, not writable: a shadow-stack page.
  private static final long SHADOW = 0x41;

  private static final long USER_PAGE = 4;

  final SystemBench b = new SystemBench();
  final Vcpu c = b.c;

  /// At CPL 0, everything enabled as `user` and `supervisor` say.
  ControlFlowBench start(long user, long supervisor) {
    b.longMode();
    b.page(USER_STACK, SHADOW | USER_PAGE);
    b.page(USER_STACK + 0x1000, SHADOW | USER_PAGE);
    b.page(KERNEL_STACK, SHADOW);
    b.ram.putLong(KERNEL_TOKEN, KERNEL_TOKEN);
    b.ram.putLong(IST_TOKEN, IST_TOKEN);
    b.ram.putLong(TABLE + 8, IST_TOKEN);
    c.cr4 |= ControlBits.CR4_CET;
    c.cet.user = user;
    c.cet.supervisor = supervisor;
    c.cet.privilegeSsp[0] = KERNEL_TOKEN;
    c.cet.privilegeSsp[3] = USER_TOP;
    c.cet.interruptSspTable = TABLE;
    c.cet.ssp = KERNEL_TOKEN;
    c.updateMode();
    return this;
  }

  /// At CPL 3 with its shadow stack.
  ControlFlowBench user(long user, long supervisor) {
    start(user, supervisor);
    b.user();
    c.cet.ssp = USER_TOP;
    return this;
  }

  static final long STACKS = ControlFlowState.SHADOW_STACK_ENABLE;
  static final long TRACKING = ControlFlowState.ENDBRANCH_ENABLE;

  boolean waits(int cpl) {
    return (c.cet.control(cpl) & ControlFlowState.TRACKER) != 0;
  }
}
