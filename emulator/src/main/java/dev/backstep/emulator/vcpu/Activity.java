package dev.backstep.emulator.vcpu;

/// What a vCPU does between instructions. SDM Vol. 3 "Guest Non-Register State" names the states.
public enum Activity {
  RUNNING,
  HALTED,
  WAIT_FOR_SIPI,
  SHUTDOWN
}
