package dev.backstep.emulator.vcpu;

import java.util.Arrays;

/// The registers of control-flow enforcement: shadow stacks and indirect branch tracking. SDM Vol.
/// 1 "Control-flow Enforcement Technology (CET)".
///
/// ```
/// IA32_U_CET, IA32_S_CET
/// 63..12                11       10        5             4            3          2         1           0
/// EB_LEG_BITMAP_BASE    TRACKER  SUPPRESS  SUPPRESS_DIS  NO_TRACK_EN  LEG_IW_EN  ENDBR_EN  WR_SHSTK_EN SH_STK_EN
/// ```
public final class ControlFlowState {
  public static final long SHADOW_STACK_ENABLE = 1;
  public static final long WRITE_ENABLE = 1 << 1;
  public static final long ENDBRANCH_ENABLE = 1 << 2;
  public static final long LEGACY_ENABLE = 1 << 3;
  public static final long NO_TRACK_ENABLE = 1 << 4;
  public static final long SUPPRESS_DISABLE = 1 << 5;
  public static final long SUPPRESS = 1 << 10;

  /// The state WAIT_FOR_ENDBRANCH; clear is IDLE.
  public static final long TRACKER = 1 << 11;

  /// EB_LEG_BITMAP_BASE.
  public static final long BITMAP_BASE = -1L << 12;

  /// The shadow stack pointer of what runs now.
  public long ssp;

  /// IA32_U_CET. After a change call [Vcpu#updateControlFlow()].
  public long user;

  /// IA32_S_CET. After a change call [Vcpu#updateControlFlow()].
  public long supervisor;

  /// IA32_PL0_SSP to IA32_PL3_SSP.
  public final long[] privilegeSsp = new long[4];

  /// IA32_INTERRUPT_SSP_TABLE_ADDR.
  public long interruptSspTable;

  /// What SSP becomes when the transfer that is being prepared is committed.
  public long nextSsp;

  /// What the running task switch does with the frame of CS, return address and SSP on a shadow
  /// stack; not saved.
  public TaskFrame taskFrame = TaskFrame.NONE;

  /// That frame; not saved.
  public long taskFrameSelector;

  public long taskFrameAddress;
  public long taskFrameSsp;

  /// How a task switch links the shadow stacks of two tasks.
  public enum TaskFrame {
    NONE,

    /// The old task's frame goes onto the new task's shadow stack.
    PUSHED,

    /// The frame was popped from the old task's shadow stack and must fit the new task.
    POPPED
  }

  /// The control register of a privilege level.
  public long control(int cpl) {
    return cpl == 3 ? user : supervisor;
  }

  /// Sets and clears bits of the control register of a privilege level.
  public void change(int cpl, long set, long cleared) {
    if (cpl == 3) {
      user = user & ~cleared | set;
    } else {
      supervisor = supervisor & ~cleared | set;
    }
  }

  /// Power-up and RESET.
  void reset() {
    ssp = 0;
    user = 0;
    supervisor = 0;
    Arrays.fill(privilegeSsp, 0);
    interruptSspTable = 0;
  }
}
