package dev.backstep.emulator.listen;

import org.jspecify.annotations.Nullable;

/// Where the parts of a machine send their events. Callers ask [#isOn()] before they build one, so
/// that a run that nobody listens to builds none.
public final class EventPort {
  /// How many events and new blocks a listener hears before it also hears what was executed; what a
  /// single instruction brings is not cut. Bounds what a listener must hold at once.
  public static final int BATCH = 1_024;

  private @Nullable ExecutionListener listener;
  private EventFilter filter = event -> null;
  private Runnable batchFull = () -> {};
  private int sinceReport;

  public void connect(@Nullable ExecutionListener newListener) {
    listener = newListener;
  }

  /// Has every event followed by what `newFilter` says follows from it.
  public void filter(EventFilter newFilter) {
    filter = newFilter;
  }

  public boolean isOn() {
    return listener != null;
  }

  public void emit(MachineEvent event) {
    if (listener == null) {
      return;
    }
    listener.event(event);
    countForBatch();
    MachineEvent consequence = filter.consequence(event);
    if (consequence != null) {
      listener.event(consequence);
      countForBatch();
    }
  }

  /// Has `action` run when a batch is full: it sees to it that the running vCPU reports soon.
  public void whenBatchIsFull(Runnable action) {
    batchFull = action;
  }

  /// Whether [ExecutionListener#executed] is due.
  public boolean isBatchFull() {
    return sinceReport >= BATCH;
  }

  /// The listener was told what was executed.
  public void batchReported() {
    sinceReport = 0;
  }

  /// The listener heard of an event or of a new block.
  public void countForBatch() {
    if (++sinceReport == BATCH) {
      batchFull.run();
    }
  }
}
