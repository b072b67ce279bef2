package dev.backstep.emulator.machine;

import dev.backstep.emulator.control.KvmControl;
import dev.backstep.emulator.listen.EventOrigin;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.vcpu.Vcpu;
import java.util.List;

/// A board's vCPUs as requests to the hypervisor name them: by their numbers, which are their KVM
/// ids.
///
/// @param vcpus of the board
/// @param origin where and when something happens that is of no vCPU in particular
record BoardVcpus(List<Vcpu> vcpus, EventOrigin origin) implements KvmControl.Vcpus {
  @Override
  public boolean exists(int vcpu) {
    return indexOf(vcpu) >= 0;
  }

  /// The vCPU `number`, which exists.
  Vcpu get(int number) {
    return vcpus.get(indexOf(number));
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

  private int indexOf(int number) {
    for (int k = 0; k < vcpus.size(); k++) {
      if (vcpus.get(k).number == number) {
        return k;
      }
    }
    return -1;
  }
}
