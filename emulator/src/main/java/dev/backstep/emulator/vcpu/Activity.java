package dev.backstep.emulator.vcpu;

/// What a vCPU does between instructions. SDM Vol. 3 "Guest Non-Register State" names the states.
public enum Activity {
  RUNNING,
  HALTED,
  WAIT_FOR_SIPI,
  SHUTDOWN,
  /// KVM_MP_STATE_UNINITIALIZED of a vCPU that was added: only INIT makes it wait for a start-up
  /// IPI. Linux Documentation/virt/kvm/api.rst, KVM_GET_MP_STATE.
  UNINITIALIZED
}
