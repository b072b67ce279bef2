package dev.backstep.emulator.injection;

import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.vcpu.GuestFault;

/// What KVM keeps of the events that wait for a vCPU's next VM entry: `exception`, `interrupt` and
/// `nmi_injected` of struct kvm_vcpu_arch. NMIs that are pending, the blocking of NMIs, the
/// interrupt shadow and start-up IPIs are the vCPU's own.
///
/// *Pending*: raised, its side effects still to come; the guest has not seen it. *Injected*: given
/// to the processor once, its delivery did not complete. Linux arch/x86/kvm/x86.c,
/// kvm_check_and_inject_events.
public final class KvmEventQueue {
  boolean exceptionInjected;
  boolean exceptionPending;
  int vector;
  boolean hasErrorCode;
  int errorCode;
  boolean hasPayload;
  long payload;

  boolean interruptInjected;
  int interruptVector;
  boolean interruptIsSoft;

  boolean nmiInjected;

  /// KVM_REQ_TRIPLE_FAULT.
  boolean tripleFault;

  /// KVM calls #BP and #OF soft: instructions raise them.
  static boolean isSoft(int vector) {
    return vector == GuestFault.BP || vector == GuestFault.OF;
  }

  /// Forgets everything but the request for a triple fault, as a reset and INIT do: Linux
  /// arch/x86/kvm/x86.c, kvm_vcpu_reset. The numbers stay, as they do in KVM.
  void clear() {
    exceptionInjected = false;
    exceptionPending = false;
    interruptInjected = false;
    nmiInjected = false;
  }

  void save(StateSink sink) {
    sink.putInt(
        bit(exceptionInjected, 0)
            | bit(exceptionPending, 1)
            | bit(hasErrorCode, 2)
            | bit(hasPayload, 3)
            | bit(interruptInjected, 4)
            | bit(interruptIsSoft, 5)
            | bit(nmiInjected, 6)
            | bit(tripleFault, 7)
            | vector << 8
            | interruptVector << 16);
    sink.putInt(errorCode);
    sink.putLong(payload);
  }

  private static int bit(boolean set, int number) {
    return set ? 1 << number : 0;
  }
}
