package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.PortDevice;

/// The reset control register of the PIIX3, port CF9h. Intel 82371SB data sheet, "RC - Reset
/// Control Register": bit 1 hard reset, bit 2 starts it when it goes from 0 to 1.
public final class ResetPort implements PortDevice, Stateful {
  public static final int PORT = 0xCF9;

  /// What to write for a full reset.
  public static final int FULL_RESET = 6;

  private static final int START = 1 << 2;

  private final MachineControl control;
  private int value;

  public ResetPort(MachineControl control) {
    this.control = control;
  }

  @Override
  public String name() {
    return "reset-control";
  }

  @Override
  public int read(int port, int bytes) {
    return value;
  }

  @Override
  public void write(int port, int bytes, int newValue) {
    boolean starts = (newValue & ~value & START) != 0;
    value = newValue & 2;
    if (starts) {
      control.reset("port-cf9");
    }
  }

  @Override
  public void save(StateSink state) {
    state.putInt(value);
  }
}
