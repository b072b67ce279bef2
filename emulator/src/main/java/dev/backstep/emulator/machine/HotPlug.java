package dev.backstep.emulator.machine;

import dev.backstep.emulator.control.ControlAnswer;
import dev.backstep.emulator.control.Errno;
import dev.backstep.emulator.control.KvmParts;
import dev.backstep.emulator.vcpu.Activity;
import dev.backstep.emulator.vcpu.ResetState;
import dev.backstep.emulator.vcpu.Vcpu;
import dev.backstep.emulator.vcpu.VcpuParts;
import java.util.List;
import java.util.function.Consumer;

/// Makes vCPUs, those that a machine has from the start and those that a hypervisor's user adds
/// while it runs. Linux virt/kvm/kvm_main.c, kvm_vm_ioctl_create_vcpu; arch/x86/kvm/x86.c,
/// kvm_arch_vcpu_create.
final class HotPlug implements KvmParts.VcpuCreation {
  /// KVM_MAX_VCPU_IDS: four for each of KVM_MAX_VCPUS.
  static final int IDS_END = 4 * MachineConfig.MOST_CPUS;

  private final TurnOrder turns;
  private final VcpuParts parts;
  private final Consumer<Vcpu> fitting;
  private final List<Integer> added;

  /// @param turns where they take their place
  /// @param parts what they are connected to
  /// @param fitting what else is done to each before its reset
  /// @param added numbers of those added before this board was built, in the order in which they
  ///   came: a guest's reset does not take them away
  HotPlug(TurnOrder turns, VcpuParts parts, Consumer<Vcpu> fitting, List<Integer> added) {
    this.turns = turns;
    this.parts = parts;
    this.fitting = fitting;
    this.added = added;
  }

  /// Makes `count` vCPUs as they are at power-up, numbered from 0, the first of which runs, and
  /// those added since.
  void powerUp(int count) {
    for (int number = 0; number < count; number++) {
      make(number).activity = number == 0 ? Activity.RUNNING : Activity.WAIT_FOR_SIPI;
    }
    for (int number : added) {
      make(number).activity = Activity.UNINITIALIZED;
    }
  }

  private Vcpu make(int number) {
    Vcpu c = new Vcpu(number, parts);
    fitting.accept(c);
    // Before its reset, the events of which name it.
    turns.add(c);
    ResetState.reset(c);
    return c;
  }

  /// Adds a vCPU that waits for INIT and then a start-up IPI.
  @Override
  public ControlAnswer create(int id) {
    if (id < 0 || id >= IDS_END) {
      return ControlAnswer.refused(
          Errno.EINVAL, "vCPU ids go from 0 to %d (KVM_MAX_VCPU_IDS - 1)".formatted(IDS_END - 1));
    }
    if (turns.vcpus().size() >= MachineConfig.MOST_CPUS) {
      return ControlAnswer.refused(
          Errno.EINVAL, "there are %d vCPUs (KVM_MAX_VCPUS)".formatted(MachineConfig.MOST_CPUS));
    }
    if (turns.find(id) != null) {
      return ControlAnswer.refused(Errno.EEXIST, "there is a vCPU %d".formatted(id));
    }
    Vcpu c = make(id);
    c.activity = Activity.UNINITIALIZED;
    synchronizeTsc(c);
    added.add(id);
    return ControlAnswer.done(
        "vCPU %d waits for INIT; its xAPIC ID is %d".formatted(id, id & 0xFF));
  }

  /// The TSC of a vCPU that comes later goes with those of the others. kvm_synchronize_tsc.
  private void synchronizeTsc(Vcpu c) {
    c.msr.tscOffset = turns.vcpus().getFirst().msr.tscOffset;
    c.apic.tscOffsetChanged(c.msr.tscOffset);
  }
}
