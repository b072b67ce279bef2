package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.listen.EventOrigin;

/// The signals that interrupt controllers send to a vCPU. They are noted, and taken at the next
/// instruction boundary at which the vCPU accepts them.
public interface CpuSignals extends EventOrigin {
  /// The vCPU's index in the machine.
  int cpuNumber();

  /// The local APIC (or the PIC through it) may have an interrupt to deliver, or the vCPU should
  /// look again because the priority that masks it changed.
  void interruptPending();

  void raiseNmi();

  void raiseSmi();

  void raiseInit();

  /// A start-up IPI with the given vector, 0 to 255.
  void raiseStartup(int vector);
}
