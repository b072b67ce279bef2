package dev.backstep.emulator.device;

/// Takes the state of a device, value by value, for digests and checkpoints. A device puts
/// everything that its behaviour depends on, always in the same order.
public interface StateSink {
  void putInt(int value);

  void putLong(long value);

  void putBytes(byte[] values);

  default void putFlag(boolean value) {
    putInt(value ? 1 : 0);
  }
}
