package dev.backstep.emulator.device;

/// One counter of the 8254. Intel 82C54 data sheet, "Mode Definitions". It keeps no running count:
/// all it shows follows from the tick at which the count was loaded.
final class PitCounter {
  /// No change of the output comes by itself.
  static final long NEVER = Long.MAX_VALUE;

  private static final long RUNNING = -1;
  private static final int NO_COUNT = 0;
  private static final int BINARY_RANGE = 0x10000;
  private static final int BCD_RANGE = 10000;

  private int mode;
  private int access = 3;
  private boolean bcd;
  private boolean gate;

  /// Ticks a full count takes; NO_COUNT until one is loaded.
  private int period = NO_COUNT;

  /// What modes 2 and 3 count from the end of the running period on, and when that is.
  private int nextPeriod = NO_COUNT;

  private long nextPeriodTick;
  private long loadTick;

  /// How many ticks had passed when the gate went low, or RUNNING.
  private long stoppedAt = RUNNING;

  /// Modes 1 and 5 wait for a rising gate.
  private boolean triggered;

  private int writeLow;
  private boolean writesHigh;
  private boolean readsHigh;
  private int latchedCount;
  private int latchedBytes;
  private int latchedStatus;
  private boolean hasLatchedStatus;

  PitCounter(boolean gate) {
    this.gate = gate;
  }

  /// The control word for this counter: access 5:4, mode 3:1, BCD 0.
  void writeControl(int value) {
    access = value >>> 4 & 3;
    int encoded = value >>> 1 & 7;
    mode = encoded > 5 ? encoded & 3 : encoded;
    bcd = (value & 1) != 0;
    period = NO_COUNT;
    nextPeriod = NO_COUNT;
    triggered = false;
    stoppedAt = RUNNING;
    writesHigh = false;
    readsHigh = false;
    latchedBytes = 0;
    hasLatchedStatus = false;
  }

  void latchCount(long tick) {
    if (latchedBytes == 0) {
      latchedCount = count(tick);
      latchedBytes = access == 3 ? 2 : 1;
      readsHigh = access == 2;
    }
  }

  /// Status of the read-back command: OUT 7, null count 6, access 5:4, mode 3:1, BCD 0.
  void latchStatus(long tick) {
    if (!hasLatchedStatus) {
      int out = output(tick) ? 0x80 : 0;
      int nullCount = period == NO_COUNT ? 0x40 : 0;
      latchedStatus = out | nullCount | access << 4 | mode << 1 | (bcd ? 1 : 0);
      hasLatchedStatus = true;
    }
  }

  int read(long tick) {
    if (hasLatchedStatus) {
      hasLatchedStatus = false;
      return latchedStatus;
    }
    int value = latchedBytes > 0 ? latchedCount : count(tick);
    boolean high = access == 2 || access == 3 && readsHigh;
    if (access == 3) {
      readsHigh = !readsHigh;
    }
    if (latchedBytes > 0) {
      latchedBytes--;
    }
    return high ? value >>> 8 : value & 0xFF;
  }

  void write(int value, long tick) {
    switch (access) {
      case 1 -> load(value, tick);
      case 2 -> load(value << 8, tick);
      default -> {
        if (writesHigh) {
          load(value << 8 | writeLow, tick);
        } else {
          writeLow = value;
        }
        writesHigh = !writesHigh;
      }
    }
  }

  private void load(int value, long tick) {
    int ticks = bcd ? fromBcd(value) : value;
    int newPeriod = ticks == 0 ? range() : ticks;
    if (isPeriodic()) {
      // A count of 1 is illegal here.
      newPeriod = Math.max(newPeriod, 2);
      settle(tick);
      if (period != NO_COUNT && stoppedAt == RUNNING) {
        nextPeriod = newPeriod;
        nextPeriodTick = tick - elapsed(tick) % period + period;
        return;
      }
    }
    period = newPeriod;
    nextPeriod = NO_COUNT;
    if (isTriggeredByGate()) {
      return;
    }
    start(tick);
  }

  private void start(long tick) {
    loadTick = tick;
    triggered = true;
    stoppedAt = gate || isTriggeredByGate() ? RUNNING : 0;
  }

  void setGate(boolean high, long tick) {
    boolean rises = high && !gate;
    boolean falls = !high && gate;
    settle(tick);
    gate = high;
    if (period == NO_COUNT) {
      return;
    }
    if (rises && (isTriggeredByGate() || isPeriodic())) {
      start(tick);
    } else if (rises && stoppedAt != RUNNING) {
      loadTick = tick - stoppedAt;
      stoppedAt = RUNNING;
    } else if (falls && !isTriggeredByGate()) {
      stoppedAt = tick - loadTick;
    }
  }

  boolean gate() {
    return gate;
  }

  private boolean isPeriodic() {
    return mode == 2 || mode == 3;
  }

  private boolean isTriggeredByGate() {
    return mode == 1 || mode == 5;
  }

  private int range() {
    return bcd ? BCD_RANGE : BINARY_RANGE;
  }

  private long elapsed(long tick) {
    return stoppedAt == RUNNING ? tick - loadTick : stoppedAt;
  }

  /// Takes over a new count of modes 2 and 3 once the old period is over.
  private void settle(long tick) {
    if (nextPeriod != NO_COUNT && tick >= nextPeriodTick) {
      period = nextPeriod;
      nextPeriod = NO_COUNT;
      loadTick = nextPeriodTick;
    }
  }

  private int count(long tick) {
    settle(tick);
    if (period == NO_COUNT) {
      return 0;
    }
    long done = elapsed(tick);
    long value =
        switch (mode) {
          case 2 -> period - done % period;
          case 3 -> period - 2 * done % period;
          default -> triggered ? period - done : period;
        };
    int wrapped = (int) Math.floorMod(value, (long) range());
    return bcd ? toBcd(wrapped) : wrapped;
  }

  boolean output(long tick) {
    settle(tick);
    if (period == NO_COUNT || !triggered) {
      return mode != 0;
    }
    long done = elapsed(tick);
    return switch (mode) {
      case 0, 1 -> done >= period;
      case 2 -> stoppedAt != RUNNING || done % period != period - 1;
      case 3 -> stoppedAt != RUNNING || done % period < highTicks();
      default -> done != period;
    };
  }

  private int highTicks() {
    return (period + 1) / 2;
  }

  /// The next tick at which the output changes, or [#NEVER].
  long nextChange(long tick) {
    settle(tick);
    if (period == NO_COUNT || !triggered || stoppedAt != RUNNING) {
      return NEVER;
    }
    long done = elapsed(tick);
    long inPeriod = done % period;
    return switch (mode) {
      case 0, 1 -> done < period ? loadTick + period : NEVER;
      case 2 -> tick - inPeriod + (inPeriod < period - 1 ? period - 1 : period);
      case 3 -> tick - inPeriod + (inPeriod < highTicks() ? highTicks() : period);
      default -> done <= period ? loadTick + period + (done == period ? 1 : 0) : NEVER;
    };
  }

  private static int fromBcd(int value) {
    return (value >>> 12) * 1000
        + (value >>> 8 & 15) * 100
        + (value >>> 4 & 15) * 10
        + (value & 15);
  }

  private static int toBcd(int value) {
    return value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10;
  }

  void save(StateSink state) {
    state.putInt(mode);
    state.putInt(access);
    state.putFlag(bcd);
    state.putFlag(gate);
    state.putInt(period);
    state.putInt(nextPeriod);
    state.putLong(nextPeriodTick);
    state.putLong(loadTick);
    state.putLong(stoppedAt);
    state.putFlag(triggered);
    state.putInt(writeLow);
    state.putFlag(writesHigh);
    state.putFlag(readsHigh);
    state.putInt(latchedCount);
    state.putInt(latchedBytes);
    state.putInt(latchedStatus);
    state.putFlag(hasLatchedStatus);
  }
}
