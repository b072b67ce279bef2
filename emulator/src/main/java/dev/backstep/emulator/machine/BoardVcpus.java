package dev.backstep.emulator.machine;

import dev.backstep.emulator.control.KvmControl;
import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Vcpu;

/// A board's vCPUs as requests to the hypervisor name them: by their numbers, which are their KVM
/// ids.
///
/// @param turns of the board
/// @param origin where and when something happens that is of no vCPU in particular
record BoardVcpus(TurnOrder turns, EventOrigin origin) implements KvmControl.Vcpus {
  @Override
  public boolean exists(int vcpu) {
    return turns.find(vcpu) != null;
  }

  /// The vCPU `number`, which exists.
  Vcpu get(int number) {
    return turns.get(number);
  }

  @Override
  public MachineEvent.At at(int vcpu) {
    Vcpu c = get(vcpu);
    MachineEvent.At now = origin.at();
    return new MachineEvent.At(now.position(), c.number, c.rip, now.timeNs());
  }

  @Override
  public MachineEvent.At at() {
    return origin.at();
  }
}
