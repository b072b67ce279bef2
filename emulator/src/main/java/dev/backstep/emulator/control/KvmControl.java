package dev.backstep.emulator.control;

import dev.backstep.emulator.listen.EventPort;
import dev.backstep.emulator.listen.MachineEvent;

/// KVM's requests: each goes to the part of the machine that carries it out, and is told of with
/// its result.
public final class KvmControl implements ControlInterface {
  /// Says which vCPUs there are, and where and when a request happens.
  public interface Vcpus {
    boolean exists(int vcpu);

    /// Now, at `vcpu`, which exists.
    MachineEvent.At at(int vcpu);

    /// Now, for a request to the whole machine.
    MachineEvent.At at();
  }

  private final KvmParts parts;
  private final Vcpus vcpus;
  private final EventPort events;

  /// @param parts carry out the requests
  /// @param vcpus says which vCPUs there are
  /// @param events where `control` events go
  public KvmControl(KvmParts parts, Vcpus vcpus, EventPort events) {
    this.parts = parts;
    this.vcpus = vcpus;
    this.events = events;
  }

  @Override
  public void perform(ControlCall call) {
    int vcpu = call.target();
    boolean isForOne = vcpu != ControlCall.WHOLE_MACHINE;
    if (isForOne && !vcpus.exists(vcpu)) {
      tell(vcpus.at(), call, noSuchVcpu(vcpu));
      return;
    }
    ControlAnswer answer = parts.perform(call);
    tell(isForOne ? vcpus.at(vcpu) : vcpus.at(), call, answer);
  }

  /// A vCPU is a file descriptor that KVM_CREATE_VCPU returned: no ioctl can name one that was
  /// never made.
  private static ControlAnswer noSuchVcpu(int vcpu) {
    return ControlAnswer.refused(
        Errno.ENOENT,
        "there is no vCPU %d: KVM_CREATE_VCPU never returned a file descriptor for it"
            .formatted(vcpu));
  }

  private void tell(MachineEvent.At at, ControlCall call, ControlAnswer answer) {
    if (events.isOn()) {
      events.emit(
          new MachineEvent.Control(
              at, call.name(), call.arguments(), answer.result(), answer.reason()));
    }
  }
}
