package dev.backstep.emulator.device;

/// Port 80h, where firmware leaves its progress codes and others write to let time pass.
public final class PostPort implements BytePorts, Stateful {
  public static final int PORT = 0x80;

  private int code;

  @Override
  public String name() {
    return "post";
  }

  @Override
  public int readPort(int port) {
    return port == PORT ? code : 0xFF;
  }

  @Override
  public void writePort(int port, int value) {
    if (port == PORT) {
      code = value;
    }
  }

  @Override
  public void save(StateSink state) {
    state.putInt(code);
  }
}
