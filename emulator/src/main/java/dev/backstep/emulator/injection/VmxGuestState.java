package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.Rflags;

/// What of a VMCS's guest-state area and controls the checks look at that concern events.
///
/// @param activity 0 active, 1 HLT, 2 shutdown, 3 wait-for-SIPI
/// @param interruptibility the field: blocking by STI 0, by MOV SS 1, by SMI 2, by NMI 3
/// @param pendingDebugExceptions the field, in DR6's layout with 12 for an enabled breakpoint
/// @param rflags RFLAGS
/// @param stepsOnBranches IA32_DEBUGCTL.BTF
/// @param isVirtualNmis the VM-execution control "virtual NMIs"
public record VmxGuestState(
    int activity,
    int interruptibility,
    long pendingDebugExceptions,
    long rflags,
    boolean stepsOnBranches,
    boolean isVirtualNmis) {
  static final int ACTIVE = 0;
  static final int HLT = 1;
  static final int SHUTDOWN = 2;
  static final int WAIT_FOR_SIPI = 3;

  static final int BLOCKED_BY_STI = 1;
  static final int BLOCKED_BY_MOV_SS = 1 << 1;
  static final int BLOCKED_BY_NMI = 1 << 3;

  /// BS in the pending debug exceptions.
  static final long SINGLE_STEP = 1 << 14;

  boolean isBlockedByStack() {
    return (interruptibility & BLOCKED_BY_MOV_SS) != 0;
  }

  boolean isBlockedBySti() {
    return (interruptibility & BLOCKED_BY_STI) != 0;
  }

  boolean isBlockedByNmi() {
    return (interruptibility & BLOCKED_BY_NMI) != 0;
  }

  boolean admitsInterrupts() {
    return (rflags & Rflags.IF) != 0;
  }

  boolean singleSteps() {
    return (rflags & Rflags.TF) != 0 && !stepsOnBranches;
  }
}
