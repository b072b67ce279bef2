package dev.backstep.emulator.bus;

/// Told when memory from which code blocks were decoded is written, by a vCPU or by a device.
public interface CodeWatch {
  /// Bytes `[ramOffset, ramOffset + bytes)`, all in one page that holds code, were just written.
  void codeWritten(long ramOffset, int bytes);
}
