package dev.backstep.emulator.time;

/// Says how many instructions the machine has retired, exactly, at any moment.
public interface PositionSource {
  long position();
}
