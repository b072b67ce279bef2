package dev.backstep.emulator.injection;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.control.Errno;
import dev.backstep.emulator.control.KvmControl;
import dev.backstep.emulator.control.KvmParts;
import dev.backstep.emulator.control.VcpuEvents;
import dev.backstep.emulator.control.VcpuEvents.NonMaskable;
import dev.backstep.emulator.control.VcpuEvents.PendingException;
import dev.backstep.emulator.control.VcpuEvents.PendingInterrupt;
import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.GuestFault;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.function.BooleanSupplier;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// KVM_SET_VCPU_EVENTS and KVM_GET_VCPU_EVENTS: Linux arch/x86/kvm/x86.c,
/// kvm_vcpu_ioctl_x86_set_vcpu_events and kvm_vcpu_ioctl_x86_get_vcpu_events. No check compares an
/// exception's vector with its error code: that is left to the processor.
///
/// Of system management mode there is none here: flag VALID_SMM says that the vCPU is not in it and
/// that no INIT is latched.
public final class VcpuEventRequests implements KvmParts.VcpuEventState {
  private static final int KNOWN_FLAGS =
      VcpuEvents.VALID_NMI_PENDING
          | VcpuEvents.VALID_SIPI_VECTOR
          | VcpuEvents.VALID_SHADOW
          | VcpuEvents.VALID_SMM
          | VcpuEvents.VALID_PAYLOAD
          | VcpuEvents.VALID_TRIPLE_FAULT;
  private static final int HIGHEST_EXCEPTION = 31;

  /// Why a request is refused.
  private record Refusal(String check, String reason) {}

  /// KVM_ENABLE_CAP's part in it.
  ///
  /// @param exceptionPayload whether KVM_CAP_EXCEPTION_PAYLOAD is on
  /// @param tripleFaultEvent whether KVM_CAP_X86_TRIPLE_FAULT_EVENT is on
  public record Capabilities(BooleanSupplier exceptionPayload, BooleanSupplier tripleFaultEvent) {}

  private final IntFunction<Vcpu> vcpus;
  private final Supplier<VmEntry> entries;
  private final KvmControl.Vcpus places;
  private final Capabilities capabilities;
  private final EventPort events;

  /// @param vcpus those that exist, by KVM id
  /// @param entries makes the VM entries of a vCPU that is asked for the first time
  /// @param places where and when a request happens
  /// @param events where `injection` events of refused requests go
  public VcpuEventRequests(
      IntFunction<Vcpu> vcpus,
      Supplier<VmEntry> entries,
      KvmControl.Vcpus places,
      Capabilities capabilities,
      EventPort events) {
    this.vcpus = vcpus;
    this.entries = entries;
    this.places = places;
    this.capabilities = capabilities;
    this.events = events;
  }

  @Override
  public ControlAnswer set(int vcpu, VcpuEvents asked) {
    Refusal refusal = refusal(asked);
    if (refusal != null) {
      return refused(vcpu, asked, refusal);
    }
    Vcpu c = vcpus.apply(vcpu);
    VmEntry entry = entryOf(c);
    fill(entry.queue(), effective(asked), asked.interrupt(), asked.nmi());
    apply(c, entry, asked);
    Refusal late = lateRefusal(asked);
    if (late == null) {
      setTripleFault(entry.queue(), asked);
    } else {
      forgetUnlessLookedAt(c, entry.queue(), asked);
    }
    c.entryDue = true;
    c.requestAttention();
    return late == null ? ControlAnswer.DONE : refused(vcpu, asked, late);
  }

  private ControlAnswer refused(int vcpu, VcpuEvents asked, Refusal refusal) {
    tell(vcpu, asked.exception(), refusal);
    return ControlAnswer.refused(Errno.EINVAL, refusal.reason());
  }

  /// After a late refusal nothing has asked KVM to look at events (KVM_REQ_EVENT), unless an NMI
  /// does or an earlier request did: the next VM entry injects none of them, and the exit after it
  /// forgets them.
  private static void forgetUnlessLookedAt(Vcpu c, KvmEventQueue queue, VcpuEvents asked) {
    boolean hasNmi = has(asked, VcpuEvents.VALID_NMI_PENDING) && asked.nmi().pending();
    if (!c.entryDue && !hasNmi) {
      queue.clear();
    }
  }

  private VmEntry entryOf(Vcpu c) {
    VmEntry entry = c.vmEntry;
    if (entry == null) {
      entry = entries.get();
      c.vmEntry = entry;
    }
    return entry;
  }

  /// The checks before anything is set, in the order of the ioctl.
  private @Nullable Refusal refusal(VcpuEvents asked) {
    int unknown = asked.flags() & ~KNOWN_FLAGS;
    if (unknown != 0) {
      return new Refusal("flags", "flags 0x%x are not known".formatted(unknown));
    }
    if (has(asked, VcpuEvents.VALID_PAYLOAD) && !capabilities.exceptionPayload.getAsBoolean()) {
      return new Refusal(
          "payload", "VALID_PAYLOAD needs KVM_CAP_EXCEPTION_PAYLOAD, which is not enabled");
    }
    PendingException x = effective(asked);
    boolean queued = x.injected() || x.pending();
    if (queued && (x.nr() < 0 || x.nr() > HIGHEST_EXCEPTION || x.nr() == GuestFault.NMI)) {
      return new Refusal(
          "exception-vector",
          "exception.nr is %d; exceptions have the numbers 0 to 31 without 2, the NMI"
              .formatted(x.nr()));
    }
    return null;
  }

  /// The check that the ioctl makes when it has set everything else, which stays.
  private @Nullable Refusal lateRefusal(VcpuEvents asked) {
    return !has(asked, VcpuEvents.VALID_TRIPLE_FAULT)
            || capabilities.tripleFaultEvent.getAsBoolean()
        ? null
        : new Refusal(
            "triple-fault",
            "VALID_TRIPLE_FAULT needs KVM_CAP_X86_TRIPLE_FAULT_EVENT, which is not enabled; KVM"
                + " finds that out last: shadow, NMIs, their mask and the SIPI vector are set");
  }

  private static void setTripleFault(KvmEventQueue queue, VcpuEvents asked) {
    if (has(asked, VcpuEvents.VALID_TRIPLE_FAULT)) {
      queue.tripleFault = asked.tripleFaultPending();
    }
  }

  /// What counts of the exception: with VALID_PAYLOAD a pending one is not injected as well, and
  /// only it has a payload; without, nothing is pending.
  private static PendingException effective(VcpuEvents asked) {
    PendingException x = asked.exception();
    boolean withPayload = has(asked, VcpuEvents.VALID_PAYLOAD);
    boolean pending = withPayload && x.pending();
    return new PendingException(
        x.injected() && !pending,
        pending,
        x.nr(),
        x.hasErrorCode(),
        x.errorCode(),
        pending && x.hasPayload(),
        x.payload());
  }

  private static void fill(KvmEventQueue q, PendingException x, PendingInterrupt i, NonMaskable n) {
    q.exceptionInjected = x.injected();
    q.exceptionPending = x.pending();
    q.vector = x.nr() & 0xFF;
    q.hasErrorCode = x.hasErrorCode();
    q.errorCode = x.errorCode();
    q.hasPayload = x.hasPayload();
    q.payload = x.payload();
    q.interruptInjected = i.injected();
    q.interruptVector = i.nr() & 0xFF;
    q.interruptIsSoft = i.soft();
    q.nmiInjected = n.injected();
  }

  /// What is not of the queue.
  private static void apply(Vcpu c, VmEntry entry, VcpuEvents asked) {
    if (has(asked, VcpuEvents.VALID_SHADOW)) {
      int shadow = entry.policy().settled(asked.interrupt().shadow());
      c.interruptShadow = shadow != 0;
      c.stackSwitchShadow = (shadow & EntryPolicy.SHADOW_MOV_SS) != 0;
      c.updateStepping();
    }
    if (has(asked, VcpuEvents.VALID_NMI_PENDING)) {
      c.nmiPending = asked.nmi().pending();
    }
    c.nmiBlocked = asked.nmi().masked();
    if (has(asked, VcpuEvents.VALID_SIPI_VECTOR) && c.sipiVector != Vcpu.NO_SIPI) {
      // It replaces the vector of a start-up IPI that is pending, and makes none.
      c.sipiVector = asked.sipiVector() & 0xFF;
    }
    if (has(asked, VcpuEvents.VALID_SMM)) {
      c.smiPending = false;
      c.initPending = false;
    }
  }

  private void tell(int vcpu, PendingException x, Refusal refusal) {
    if (events.isOn()) {
      events.emit(
          new MachineEvent.Injection(
              places.at(vcpu),
              x.nr(),
              EventType.HARDWARE_EXCEPTION.text(),
              x.hasErrorCode(),
              x.errorCode(),
              "rejected",
              refusal.check(),
              refusal.reason()));
    }
  }

  @Override
  public ControlAnswer get(int vcpu) {
    Vcpu c = vcpus.apply(vcpu);
    VmEntry entry = entryOf(c);
    KvmEventQueue q = entry.queue();
    boolean payloads = capabilities.exceptionPayload.getAsBoolean();
    if (!payloads && q.exceptionPending) {
      NextEvent.deliverPayload(q, c);
    }
    int flags =
        VcpuEvents.VALID_NMI_PENDING
            | VcpuEvents.VALID_SHADOW
            | VcpuEvents.VALID_SMM
            | (payloads ? VcpuEvents.VALID_PAYLOAD : 0);
    boolean tripleFaults = capabilities.tripleFaultEvent.getAsBoolean();
    var found =
        new VcpuEvents(
            exception(q, payloads),
            new PendingInterrupt(
                q.interruptInjected && !q.interruptIsSoft,
                q.interruptVector,
                false,
                entry.policy().shadow(c)),
            new NonMaskable(q.nmiInjected, c.nmiPending, c.nmiBlocked),
            0,
            tripleFaults && q.tripleFault,
            flags | (tripleFaults ? VcpuEvents.VALID_TRIPLE_FAULT : 0));
    return ControlAnswer.done(new ControlCall.SetVcpuEvents(vcpu, found).arguments());
  }

  /// The soft exceptions, #BP and #OF, are not told of: the guest will run into them again. Without
  /// the payload capability a pending exception looks like an injected one.
  private static PendingException exception(KvmEventQueue q, boolean payloads) {
    boolean told = !KvmEventQueue.isSoft(q.vector);
    boolean injected = q.exceptionInjected || !payloads && q.exceptionPending;
    return new PendingException(
        told && injected,
        told && q.exceptionPending,
        q.vector,
        q.hasErrorCode,
        q.errorCode,
        q.hasPayload,
        q.payload);
  }

  private static boolean has(VcpuEvents asked, int flag) {
    return (asked.flags() & flag) != 0;
  }
}
