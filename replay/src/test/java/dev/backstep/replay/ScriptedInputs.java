package dev.backstep.replay;

import dev.backstep.emulator.input.ExternalInputs;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;

/// External inputs for recordings: a clock, seeded entropy, and keys that come when the machine
/// asked so many times, whatever it does then.
final class ScriptedInputs implements ExternalInputs {
  private record Key(long ask, int octet) {}

  private final long clockSeconds;
  private final Random entropy;
  private final Deque<Key> keys = new ArrayDeque<>();
  private long asks;

  ScriptedInputs(long clockSeconds, long seed) {
    this.clockSeconds = clockSeconds;
    this.entropy = new Random(seed);
  }

  /// Nobody types; the clock stands at some date.
  static ScriptedInputs none() {
    return new ScriptedInputs(1_700_000_000, 1);
  }

  /// Types `octet` when the machine asks the `ask`th time, or at once if it waits before.
  ScriptedInputs key(long ask, int octet) {
    keys.add(new Key(ask, octet));
    return this;
  }

  @Override
  public long realTimeClockSeconds() {
    return clockSeconds;
  }

  @Override
  public long entropy() {
    return entropy.nextLong();
  }

  @Override
  public int consoleByte(long position) {
    asks++;
    Key next = keys.peek();
    if (next == null || next.ask > asks) {
      return NOTHING;
    }
    return keys.remove().octet;
  }

  @Override
  public boolean awaitConsole(long position) {
    Key next = keys.peek();
    if (next == null) {
      return false;
    }
    asks = Math.max(asks, next.ask);
    return true;
  }
}
