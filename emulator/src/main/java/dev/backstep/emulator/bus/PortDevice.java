package dev.backstep.emulator.bus;

/// A device with I/O ports. Sizes are 1, 2 or 4 bytes. Accesses wider than the device's registers
/// are its own to split; the bus passes them on as the guest made them.
public interface PortDevice {
  /// The name that `io` events carry.
  String name();

  /// Reads `bytes` bytes at `port`, zero-extended.
  int read(int port, int bytes);

  void write(int port, int bytes, int value);
}
