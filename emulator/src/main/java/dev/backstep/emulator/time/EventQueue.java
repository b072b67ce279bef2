package dev.backstep.emulator.time;

import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/// Timers of devices, in order of virtual time; those of one time fire in the order they were
/// armed.
public final class EventQueue {
  /// No timer is armed.
  public static final long NEVER = Long.MAX_VALUE;

  /// Told when the earliest deadline moved forward.
  public interface DeadlineWatch {
    void deadlineMovedTo(long ns);
  }

  /// One timer, owned by a device, armed or not.
  public final class Timer {
    private final Runnable expiry;
    private long deadlineNs = NEVER;
    private long order;

    private Timer(Runnable expiry) {
      this.expiry = expiry;
    }

    /// Arms (or re-arms) this timer to fire at `ns`, virtual time; a past time fires at once.
    public void armAt(long ns) {
      cancel();
      deadlineNs = ns;
      order = nextOrder++;
      armed.add(this);
      watch.deadlineMovedTo(ns);
    }

    public void cancel() {
      if (deadlineNs != NEVER) {
        armed.remove(this);
        deadlineNs = NEVER;
      }
    }

    public boolean isArmed() {
      return deadlineNs != NEVER;
    }

    /// When this timer fires, or [EventQueue#NEVER].
    public long deadlineNs() {
      return deadlineNs;
    }
  }

  private final PriorityQueue<Timer> armed =
      new PriorityQueue<>(
          Comparator.<Timer>comparingLong(t -> t.deadlineNs).thenComparingLong(t -> t.order));
  private DeadlineWatch watch = ns -> {};
  private long nextOrder;

  public Timer newTimer(Runnable expiry) {
    return new Timer(expiry);
  }

  public void watch(DeadlineWatch newWatch) {
    watch = newWatch;
  }

  /// The earliest deadline, or [#NEVER].
  public long nextNs() {
    Timer first = armed.peek();
    return first == null ? NEVER : first.deadlineNs;
  }

  /// Fires every timer that is due at `nowNs`, in order. A timer may arm itself or others again.
  public void fireDue(long nowNs) {
    @Nullable Timer first = armed.peek();
    while (first != null && first.deadlineNs <= nowNs) {
      armed.remove(first);
      first.deadlineNs = NEVER;
      first.expiry.run();
      first = armed.peek();
    }
  }
}
