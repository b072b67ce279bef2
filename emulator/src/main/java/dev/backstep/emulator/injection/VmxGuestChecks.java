package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.GuestFault;
import org.jspecify.annotations.Nullable;

/// The checks of a VM entry on the guest's state that concern events, in the order of SDM Vol. 3
/// "Checks on Guest RIP, RFLAGS, and SSP" and "Checks on Guest Non-Register State". The first that
/// fails makes the VM entry end with a VM exit whose reason is 0x80000021: 33, "VM-entry failure
/// due to invalid guest state", with bit 31.
///
/// Other checks on the guest's state (selectors, PDPTEs, control registers) cannot fail here: the
/// guest's state is always one that its own instructions made.
final class VmxGuestChecks {
  /// The exit reason.
  static final long INVALID_GUEST_STATE = 0x8000_0021L;

  private static final String REGISTERS = "SDM Vol. 3 \"Checks on Guest RIP, RFLAGS, and SSP\"";
  private static final String OTHER = "SDM Vol. 3 \"Checks on Guest Non-Register State\"";

  private VmxGuestChecks() {}

  /// The first check that fails, or null.
  ///
  /// @param i the event that the entry injects; perhaps not valid: none
  static @Nullable FailedCheck firstFailure(VmxGuestState g, InterruptionInformation i) {
    FailedCheck failed = interruptFlag(g, i);
    failed = failed != null ? failed : activity(g, i);
    failed = failed != null ? failed : blocking(g);
    failed = failed != null ? failed : blockedEvent(g, i);
    return failed != null ? failed : pendingDebugExceptions(g);
  }

  private static @Nullable FailedCheck interruptFlag(VmxGuestState g, InterruptionInformation i) {
    return !injects(i, EventType.EXTERNAL_INTERRUPT) || g.admitsInterrupts()
        ? null
        : new FailedCheck(
            "rflags-if",
            "RFLAGS",
            g.rflags(),
            "IF is 0",
            "IF must be 1 to inject an external interrupt",
            REGISTERS);
  }

  private static @Nullable FailedCheck activity(VmxGuestState g, InterruptionInformation i) {
    int blocked = VmxGuestState.BLOCKED_BY_MOV_SS | VmxGuestState.BLOCKED_BY_STI;
    if (g.activity() != VmxGuestState.ACTIVE && (g.interruptibility() & blocked) != 0) {
      return activity(g, "STI or MOV SS blocks events", "the state must then be active");
    }
    return !i.isValid() || allows(g.activity(), i)
        ? null
        : activity(
            g,
            "%s with vector %d is to be injected".formatted(i.type().text(), i.vector()),
            "the state admits only the events that would wake a processor from it");
  }

  private static FailedCheck activity(VmxGuestState g, String found, String rule) {
    return new FailedCheck(
        "activity-state", "the guest's activity state", g.activity(), found, rule, OTHER);
  }

  /// Which events each state admits.
  private static boolean allows(int activity, InterruptionInformation i) {
    int vector = i.vector();
    return switch (activity) {
      case VmxGuestState.ACTIVE -> true;
      case VmxGuestState.HLT ->
          switch (i.type()) {
            case EXTERNAL_INTERRUPT, NMI -> true;
            case HARDWARE_EXCEPTION -> vector == GuestFault.DB || vector == GuestFault.MC;
            case OTHER_EVENT -> vector == 0;
            default -> false;
          };
      case VmxGuestState.SHUTDOWN ->
          i.type() == EventType.NMI
              || i.type() == EventType.HARDWARE_EXCEPTION && vector == GuestFault.MC;
      default -> false;
    };
  }

  private static @Nullable FailedCheck blocking(VmxGuestState g) {
    if (g.isBlockedBySti() && g.isBlockedByStack()) {
      return blocking(g, "both STI and MOV SS block events", "at most one of them can");
    }
    return !g.isBlockedBySti() || g.admitsInterrupts()
        ? null
        : blocking(g, "STI blocks events", "blocking by STI must be 0 while RFLAGS.IF is 0");
  }

  private static @Nullable FailedCheck blockedEvent(VmxGuestState g, InterruptionInformation i) {
    boolean interrupt = injects(i, EventType.EXTERNAL_INTERRUPT);
    boolean nmi = injects(i, EventType.NMI);
    if (interrupt && (g.isBlockedBySti() || g.isBlockedByStack())) {
      return blocking(
          g,
          "STI or MOV SS blocks events",
          "blocking by STI and by MOV SS must be 0 to inject an external interrupt");
    }
    if (nmi && g.isBlockedByStack()) {
      return blocking(g, "MOV SS blocks events", "blocking by MOV SS must be 0 to inject an NMI");
    }
    return !nmi || !g.isVirtualNmis() || !g.isBlockedByNmi()
        ? null
        : blocking(
            g,
            "an NMI blocks further ones",
            "blocking by NMI must be 0 to inject an NMI with virtual NMIs");
  }

  private static FailedCheck blocking(VmxGuestState g, String found, String rule) {
    return new FailedCheck(
        "interruptibility",
        "the guest's interruptibility state",
        g.interruptibility(),
        found,
        rule,
        OTHER);
  }

  /// A guest that single-steps and cannot take the trap now must have it pending.
  private static @Nullable FailedCheck pendingDebugExceptions(VmxGuestState g) {
    boolean held = g.isBlockedBySti() || g.isBlockedByStack() || g.activity() == VmxGuestState.HLT;
    boolean pending = (g.pendingDebugExceptions() & VmxGuestState.SINGLE_STEP) != 0;
    if (!held || pending == g.singleSteps()) {
      return null;
    }
    return new FailedCheck(
        "pending-debug-exceptions",
        "the guest's pending debug exceptions",
        g.pendingDebugExceptions(),
        pending
            ? "BS is 1 and the guest does not single-step"
            : "BS is 0 and the guest single-steps",
        "while STI, MOV SS or HLT holds the trap off, BS must be as RFLAGS.TF without BTF says",
        OTHER);
  }

  private static boolean injects(InterruptionInformation i, EventType type) {
    return i.isValid() && i.type() == type;
  }
}
