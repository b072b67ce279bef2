package dev.backstep.emulator.device;

/// Something with state of its own that the run depends on.
public interface Stateful {
  void save(StateSink sink);
}
