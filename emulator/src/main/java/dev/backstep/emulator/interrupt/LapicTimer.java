package dev.backstep.emulator.interrupt;

import dev.backstep.emulator.device.StateSink;
import dev.backstep.emulator.time.EventQueue;
import dev.backstep.emulator.time.VirtualClock;

/// The timer of a local APIC. SDM Vol. 3 "APIC Timer", "TSC-Deadline Mode".
///
/// Its input clock is 1 GHz: one tick a virtual nanosecond before the divider. Counting costs
/// nothing: what is kept is the time at which the count reaches zero. While the LVT masks the
/// timer, time runs on but no timer of the event queue is armed.
final class LapicTimer {
  private static final int TSC_DEADLINE_BIT = 2;
  private static final int PERIODIC = 1;

  private final VirtualClock clock;
  private final EventQueue.Timer timer;
  private final Runnable expired;

  private int mode;
  private boolean masked = true;
  private int initialCount;
  private int divideConfiguration;

  /// When the count reaches zero, virtual time; NEVER while it stands at zero.
  private long expiryNs = EventQueue.NEVER;

  private long tscDeadline;
  private long tscOffset;

  /// @param expired called each time an unmasked timer runs out
  LapicTimer(VirtualClock clock, EventQueue queue, Runnable expired) {
    this.clock = clock;
    this.expired = expired;
    timer = queue.newTimer(this::fire);
  }

  /// As after reset. The TSC offset is not part of the APIC and stays.
  void reset() {
    mode = 0;
    masked = true;
    initialCount = 0;
    divideConfiguration = 0;
    disarm();
  }

  /// Stops the count, as when IA32_APIC_BASE disables the APIC.
  void disarm() {
    expiryNs = EventQueue.NEVER;
    tscDeadline = 0;
    timer.cancel();
  }

  /// Takes mode and mask from the LVT. A change between one-shot and periodic lets the count run
  /// on; one to or from TSC-deadline mode disarms.
  void configure(LvtEntry lvt) {
    settle();
    boolean wasDeadline = isDeadlineMode();
    mode = lvt.timerMode();
    masked = lvt.isMasked();
    if (wasDeadline != isDeadlineMode()) {
      disarm();
    }
    schedule();
  }

  /// Sends an interrupt that is due but that the event queue has not come to yet. Call it before
  /// the LVT changes.
  void catchUp() {
    settle();
  }

  int initialCount() {
    return initialCount;
  }

  /// Starts the count (or stops it with 0). Ignored in TSC-deadline mode.
  void setInitialCount(int count) {
    if (isDeadlineMode()) {
      return;
    }
    initialCount = count;
    expiryNs = count == 0 ? EventQueue.NEVER : clock.nowNs() + periodNs();
    schedule();
  }

  int currentCount() {
    settle();
    if (isDeadlineMode() || expiryNs == EventQueue.NEVER) {
      return 0;
    }
    long left = expiryNs - clock.nowNs();
    return (int) (left + (1L << shift()) - 1 >>> shift());
  }

  int divideConfiguration() {
    return divideConfiguration;
  }

  /// Changes the divider; the count goes on from where it is.
  void setDivideConfiguration(int value) {
    int count = currentCount();
    divideConfiguration = value;
    if (!isDeadlineMode() && count != 0) {
      expiryNs = clock.nowNs() + (Integer.toUnsignedLong(count) << shift());
      schedule();
    }
  }

  /// IA32_TSC_DEADLINE; reads zero in other modes.
  long tscDeadline() {
    settle();
    return tscDeadline;
  }

  /// Arms for the moment at which this vCPU's TSC is at least `tsc`; ignored in other modes.
  void setTscDeadline(long tsc) {
    if (!isDeadlineMode()) {
      return;
    }
    disarm();
    tscDeadline = tsc;
    armDeadline();
  }

  void tscOffsetChanged(long offset) {
    settle();
    tscOffset = offset;
    if (tscDeadline != 0) {
      armDeadline();
    }
  }

  void save(StateSink sink) {
    sink.putInt(mode);
    sink.putFlag(masked);
    sink.putInt(initialCount);
    sink.putInt(divideConfiguration);
    sink.putLong(expiryNs);
    sink.putLong(tscDeadline);
    sink.putLong(tscOffset);
  }

  private boolean isDeadlineMode() {
    return (mode & TSC_DEADLINE_BIT) != 0;
  }

  private void armDeadline() {
    if (tscDeadline == 0) {
      return;
    }
    long tsc = clock.tscTicks() + tscOffset;
    if (Long.compareUnsigned(tscDeadline, tsc) <= 0) {
      runOut();
      return;
    }
    long aheadNs = VirtualClock.nsOfTsc(tscDeadline - tsc);
    long ns = clock.nowNs() + aheadNs;
    // A deadline more than 146 years away does not fit and never comes.
    expiryNs = aheadNs < 0 || ns < 0 ? EventQueue.NEVER : ns;
    schedule();
  }

  private void runOut() {
    disarm();
    if (!masked) {
      expired.run();
    }
  }

  private void fire() {
    settle();
    schedule();
    expired.run();
  }

  /// Brings the state to the present: what ran out is stopped, or in periodic mode started again.
  /// An interrupt that is due but that the event queue has not come to yet is sent first.
  private void settle() {
    long now = clock.nowNs();
    if (expiryNs > now) {
      return;
    }
    boolean due = timer.isArmed();
    timer.cancel();
    if (mode == PERIODIC && initialCount != 0) {
      long period = periodNs();
      expiryNs += ((now - expiryNs) / period + 1) * period;
    } else {
      expiryNs = EventQueue.NEVER;
      tscDeadline = 0;
    }
    schedule();
    if (due) {
      expired.run();
    }
  }

  private void schedule() {
    if (masked || expiryNs == EventQueue.NEVER) {
      timer.cancel();
      return;
    }
    if (timer.deadlineNs() != expiryNs) {
      timer.armAt(expiryNs);
    }
  }

  private long periodNs() {
    return Integer.toUnsignedLong(initialCount) << shift();
  }

  /// Divide by 2, 4, … 128, 1 for encodings 0 to 7 in bits 3, 1, 0.
  private int shift() {
    int encoding = divideConfiguration >> 1 & 4 | divideConfiguration & 3;
    return encoding + 1 & 7;
  }
}
