package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.PortDevice;

/// QEMU's isa-debug-exit: a write of any width ends the run, with the value written.
public final class DebugExit implements PortDevice {
  /// Where QEMU puts it unless told otherwise.
  public static final int DEFAULT_PORT = 0x501;

  public static final int DEFAULT_PORTS = 2;

  private final MachineControl control;

  public DebugExit(MachineControl control) {
    this.control = control;
  }

  @Override
  public String name() {
    return "isa-debug-exit";
  }

  @Override
  public int read(int port, int bytes) {
    return 0;
  }

  @Override
  public void write(int port, int bytes, int value) {
    control.debugExit(value);
  }
}
