package dev.backstep.emulator.virtualization;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.vcpu.Vcpu;

/// No hypervisor.
final class BareMetal implements Hypervisor {
  /// IA32_MISC_ENABLE.
  private static final long ENABLE_MONITOR = 1 << 18;

  @Override
  public Hypercall hypercall(Vcpu c, HypercallInstruction instruction) {
    return Hypercall.UNDEFINED;
  }

  @Override
  public int replacement() {
    throw new AssertionError("nobody patches a hypercall here");
  }

  /// SDM Vol. 4 "IA32_MISC_ENABLE", ENABLE MONITOR FSM: without it the instructions are undefined.
  @Override
  public Monitor monitor(Vcpu c, DecodedInstruction i) {
    return c.cpuid.showsMonitor(c) ? Monitor.EXECUTED : Monitor.UNDEFINED;
  }

  @Override
  public boolean showsMonitor(Vcpu c, boolean enumerated) {
    return enumerated && (c.msr.miscEnable & ENABLE_MONITOR) != 0;
  }

  @Override
  public boolean opensLint0() {
    return false;
  }

  @Override
  public ApicHole apicHole() {
    return ApicHole.OPEN;
  }

  @Override
  public void leftForMmio(Vcpu c, long gpa) {}

  @Override
  public void leftForPort(Vcpu c, DecodedInstruction i, int port, int bytes) {}
}
