package dev.backstep.emulator.interrupt;

/// Whether an interrupt is an edge or a level. The ordinal is the encoding of the bit.
public enum TriggerMode {
  EDGE,
  LEVEL
}
