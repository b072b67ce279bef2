package dev.backstep.emulator.bus;

/// A device with registers in guest-physical memory. Sizes are 1, 2, 4 or 8 bytes.
public interface MmioDevice {
  /// The name that `mmio` events carry.
  String name();

  /// Reads `bytes` bytes at `offset` from the region's start, zero-extended.
  long read(long offset, int bytes);

  void write(long offset, int bytes, long value);
}
