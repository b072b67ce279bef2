package dev.backstep.emulator.device;

import dev.backstep.emulator.bus.PortDevice;

/// A device whose ports are a byte wide each: a wider access is one to each of the successive
/// ports, lowest first, as an 8-bit ISA card gets it.
interface BytePorts extends PortDevice {
  /// Reads one port, 0 to 255.
  int readPort(int port);

  /// Writes 0 to 255 to one port.
  void writePort(int port, int value);

  @Override
  default int read(int port, int bytes) {
    int value = 0;
    for (int k = 0; k < bytes; k++) {
      value |= (readPort(port + k & 0xFFFF) & 0xFF) << 8 * k;
    }
    return value;
  }

  @Override
  default void write(int port, int bytes, int value) {
    for (int k = 0; k < bytes; k++) {
      writePort(port + k & 0xFFFF, value >>> 8 * k & 0xFF);
    }
  }
}
