package dev.backstep.emulator.device;

/// Takes what the guest prints, byte by byte, at once.
public interface ConsoleSink {
  void write(int octet);
}
