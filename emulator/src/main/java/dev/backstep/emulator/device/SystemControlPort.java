package dev.backstep.emulator.device;

/// System control port A, 92h: bit 0 resets the processors, bit 1 is the A20 gate, which is open
/// and stays so. PS/2 Technical Reference; Intel 82371SB data sheet, "Port 92 Register".
public final class SystemControlPort implements BytePorts {
  public static final int PORT = 0x92;

  private static final int RESET = 1;
  private static final int A20 = 1 << 1;

  private final MachineControl control;

  public SystemControlPort(MachineControl control) {
    this.control = control;
  }

  @Override
  public String name() {
    return "port-92";
  }

  @Override
  public int readPort(int port) {
    return port == PORT ? A20 : 0xFF;
  }

  @Override
  public void writePort(int port, int value) {
    if (port == PORT && (value & RESET) != 0) {
      control.reset("port-92");
    }
  }
}
