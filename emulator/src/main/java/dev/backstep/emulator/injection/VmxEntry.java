package dev.backstep.emulator.injection;

import dev.backstep.emulator.vcpu.ControlBits;
import dev.backstep.emulator.vcpu.Vcpu;
import org.jspecify.annotations.Nullable;

/// Event injection by VMX: Linux arch/x86/kvm/vmx/vmx.c, vmx_inject_exception, vmx_inject_irq and
/// vmx_inject_nmi, on a processor with EPT, unrestricted guest and virtual NMIs.
///
/// The instruction length of #BP, #OF and INT n is that of the last VM exit that interrupted the
/// delivery of such an event (event_exit_inst_len); KVM_SET_VCPU_EVENTS cannot give it. No exit
/// here interrupts a delivery, so it is 0: the handler returns to the instruction itself, and a
/// processor whose IA32_VMX_MISC\[30\] is 0 refuses.
public final class VmxEntry implements EntryPolicy {
  /// event_exit_inst_len of a vCPU that has had no such exit.
  private static final int NO_LENGTH = 0;

  private static final int LARGEST_CODE = 0xFFFF;
  private static final long BREAKPOINTS = 0xF;
  private static final long ENABLED_BREAKPOINT = 1 << 12;

  private final VmxCapabilities cpu;

  public VmxEntry(VmxCapabilities cpu) {
    this.cpu = cpu;
  }

  @Override
  public EntryAttempt attempt(Vcpu c, @Nullable InjectedEvent queued) {
    InjectedEvent event = queued == null ? InjectedEvent.of(EventType.RESERVED, 0) : built(queued);
    InterruptionInformation information =
        queued == null
            ? InterruptionInformation.NONE
            : InterruptionInformation.of(event.type(), event.vector(), event.hasErrorCode());
    FailedCheck control =
        VmxEventChecks.firstFailure(
            new VmxEventFields(
                information,
                event.errorCode(),
                event.instructionLength(),
                true,
                c.cr0(ControlBits.CR0_PE),
                cpu));
    if (control != null) {
      return new EntryAttempt.Fails(event, control, "", VmxEventChecks.INVALID_CONTROL_FIELD);
    }
    FailedCheck state = VmxGuestChecks.firstFailure(stateOf(c), information);
    if (state != null) {
      return new EntryAttempt.Fails(
          event, state, "INVALID_STATE", VmxGuestChecks.INVALID_GUEST_STATE);
    }
    return queued == null ? EntryAttempt.QUIET : new EntryAttempt.Injects(event, remark(queued));
  }

  /// The event as KVM writes it into the VMCS.
  private static InjectedEvent built(InjectedEvent queued) {
    InjectedEvent event =
        queued.hasErrorCode() ? queued.withCode(queued.errorCode() & LARGEST_CODE) : queued;
    return switch (event.type()) {
      case HARDWARE_EXCEPTION ->
          KvmEventQueue.isSoft(event.vector())
              ? event.as(EventType.SOFTWARE_EXCEPTION, NO_LENGTH)
              : event;
      case SOFTWARE_INTERRUPT -> event.as(EventType.SOFTWARE_INTERRUPT, NO_LENGTH);
      default -> event;
    };
  }

  private static String remark(InjectedEvent queued) {
    return queued.hasErrorCode() && queued.errorCode() >>> 16 != 0
        ? "KVM wrote 16 bits of the error code 0x%x: vmx_inject_exception"
            .formatted(queued.errorCode())
        : "";
  }

  /// KVM keeps the activity state active: a halted vCPU is not entered.
  private VmxGuestState stateOf(Vcpu c) {
    int blocking = c.nmiBlocked ? VmxGuestState.BLOCKED_BY_NMI : 0;
    if (c.interruptShadow) {
      blocking |=
          c.stackSwitchShadow ? VmxGuestState.BLOCKED_BY_MOV_SS : VmxGuestState.BLOCKED_BY_STI;
    }
    long pending = c.pendingDebugTraps;
    pending |= (pending & BREAKPOINTS) != 0 ? ENABLED_BREAKPOINT : 0;
    boolean stepsOnBranches = (c.msr.debugControl & ControlBits.DEBUGCTL_BTF) != 0;
    return new VmxGuestState(
        VmxGuestState.ACTIVE, blocking, pending, c.rflags(), stepsOnBranches, true);
  }

  @Override
  public int shadow(Vcpu c) {
    if (!c.interruptShadow) {
      return 0;
    }
    return c.stackSwitchShadow ? SHADOW_MOV_SS : SHADOW_STI;
  }

  /// vmx_set_interrupt_shadow: MOV SS before STI, never both.
  @Override
  public int settled(int shadow) {
    return (shadow & SHADOW_MOV_SS) != 0 ? SHADOW_MOV_SS : shadow & SHADOW_STI;
  }

  @Override
  public String completion() {
    return "vmx_complete_interrupts";
  }
}
