package dev.backstep.emulator.cache;

/// State of a line in one processor's cache. SDM Vol. 3 "Cache Control Protocol" (MESI).
enum LineState {
  INVALID,
  SHARED,
  EXCLUSIVE,
  MODIFIED
}
