package dev.backstep.emulator.testing;

import dev.backstep.emulator.input.ExternalInputs;

/// Gives 1, 2, 3... for random numbers, and nothing else.
public final class CountingEntropy implements ExternalInputs {
  private long words;

  @Override
  public long realTimeClockSeconds() {
    return 0;
  }

  @Override
  public long entropy() {
    words++;
    return words;
  }

  @Override
  public int consoleByte(long position) {
    return NOTHING;
  }

  @Override
  public boolean awaitConsole(long position) {
    return false;
  }
}
