package dev.backstep.cli.command;

import dev.backstep.emulator.machine.Machine;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// A line on the terminal that says how far a long run has come. Nothing at all in a pipe.
final class Progress implements AutoCloseable {
  private static final long INTERVAL_MS = 1000;
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final CountDownLatch done = new CountDownLatch(1);

  private Progress() {}

  /// Shows a machine's progress while open.
  ///
  /// @param journalBytes size of its journal so far; 0 shows none
  static Progress show(Machine machine, LongSupplier journalBytes) {
    Progress progress = new Progress();
    if (System.console() != null && System.console().isTerminal()) {
      Thread.ofVirtual()
          .name("backstep-progress")
          .start(() -> progress.loop(machine, journalBytes));
    }
    return progress;
  }

  private void loop(Machine machine, LongSupplier journalBytes) {
    long before = 0;
    try {
      while (!done.await(INTERVAL_MS, TimeUnit.MILLISECONDS)) {
        long now = machine.progress();
        System.err.print(CLEAR_LINE + line(now, now - before, journalBytes.getAsLong()));
        before = now;
      }
      if (before > 0) {
        System.err.print(CLEAR_LINE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static String line(long position, long lately, long journalBytes) {
    String text =
        String.format(
            Locale.ROOT, "%,d instructions, %.0f million/s", position, lately / 1e3 / INTERVAL_MS);
    return journalBytes == 0
        ? text
        : text + String.format(Locale.ROOT, ", journal %.1f MB", journalBytes / 1e6);
  }

  @Override
  public void close() {
    done.countDown();
  }
}
