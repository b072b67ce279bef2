package dev.backstep.emulator.platform;

/// Whether a quirk's behaviour is in force.
public enum QuirkState {
  ON,
  OFF;

  static QuirkState of(boolean on) {
    return on ? ON : OFF;
  }
}
