package dev.backstep.cli.command;

import dev.backstep.emulator.machine.Machine;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// While open, an interrupt (Ctrl-C, SIGTERM) stops the machine in order, so that a trace gets its
/// end.
final class Interruption implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 20;

  private final CountDownLatch done = new CountDownLatch(1);
  private final Thread hook;

  private Interruption(Machine machine, Thread runner) {
    hook =
        new Thread(
            () -> {
              machine.requestStop();
              // It may be waiting for a key.
              runner.interrupt();
              try {
                done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "backstep-interrupt");
  }

  /// @param machine runs on the calling thread
  static Interruption of(Machine machine) {
    Interruption interruption = new Interruption(machine, Thread.currentThread());
    Runtime.getRuntime().addShutdownHook(interruption.hook);
    return interruption;
  }

  @Override
  public void close() {
    done.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is going down already, which is what the hook is for.
      return;
    }
  }
}
