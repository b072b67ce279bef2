package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.listen.MachineEvent;
import java.util.ArrayList;
import java.util.List;

/// A vCPU that only notes the signals it gets.
final class FakeCpu implements CpuSignals {
  final List<String> signals = new ArrayList<>();
  private final int number;

  FakeCpu(int number) {
    this.number = number;
  }

  @Override
  public MachineEvent.At at() {
    return new MachineEvent.At(0, number, 0, 0);
  }

  @Override
  public int cpuNumber() {
    return number;
  }

  @Override
  public void interruptPending() {
    signals.add("interrupt");
  }

  @Override
  public void raiseNmi() {
    signals.add("nmi");
  }

  @Override
  public void raiseSmi() {
    signals.add("smi");
  }

  @Override
  public void raiseInit() {
    signals.add("init");
  }

  @Override
  public void raiseStartup(int vector) {
    signals.add("startup " + vector);
  }
}
