package dev.backstep.emulator.listen;

/// Says where and when something happens now, for the events that tell of it.
public interface EventOrigin {
  MachineEvent.At at();
}
