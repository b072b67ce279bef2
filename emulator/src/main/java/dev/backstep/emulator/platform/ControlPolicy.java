package dev.backstep.emulator.platform;

import dev.backstep.emulator.control.ControlInterface;
import dev.backstep.emulator.control.KvmControl;
import dev.backstep.emulator.control.KvmParts;
import dev.backstep.emulator.control.NoHypervisor;
import dev.backstep.emulator.listen.EventPort;

/// What a platform's user can ask for while a guest runs.
public enum ControlPolicy {
  /// Nothing: there is no hypervisor.
  NONE {
    @Override
    public ControlInterface connect(KvmParts parts, KvmControl.Vcpus vcpus, EventPort events) {
      return new NoHypervisor(events, vcpus::at);
    }
  },

  /// KVM's ioctls.
  KVM {
    @Override
    public ControlInterface connect(KvmParts parts, KvmControl.Vcpus vcpus, EventPort events) {
      return new KvmControl(parts, vcpus, events);
    }
  };

  /// The interface to a machine.
  ///
  /// @param parts what carries requests out
  /// @param vcpus says which vCPUs there are
  /// @param events where `control` events go
  public abstract ControlInterface connect(
      KvmParts parts, KvmControl.Vcpus vcpus, EventPort events);
}
