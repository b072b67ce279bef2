package dev.backstep.emulator.device;

/// QEMU's isa-debugcon: a port that prints each byte written to it, and reads as E9h so that
/// firmware can tell it is there.
public final class DebugConsole implements BytePorts {
  public static final int DEFAULT_PORT = 0xE9;
  private static final int READ_BACK = 0xE9;

  private final ConsoleSink sink;

  public DebugConsole(ConsoleSink sink) {
    this.sink = sink;
  }

  @Override
  public String name() {
    return DeviceCatalog.DEBUG_CONSOLE;
  }

  @Override
  public int readPort(int port) {
    return READ_BACK;
  }

  @Override
  public void writePort(int port, int value) {
    sink.write(value);
  }
}
