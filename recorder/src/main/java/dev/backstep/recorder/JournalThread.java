package dev.backstep.recorder;

import dev.backstep.proto.journal.ChunkBuilder;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/// Writes chunks beside the machine. At most [#DEPTH] chunks wait: a slow disk slows the guest, and
/// nothing is lost.
///
/// All methods but [#failure] and [#journalBytes] belong to the machine's thread. Interrupting that
/// thread does not cut a hand-over short, which would leave a chunk in two hands; the interrupt
/// stays pending.
final class JournalThread {
  static final int DEPTH = 3;

  private final TraceOutput output;
  private final BlockingQueue<ChunkBuilder> full = new ArrayBlockingQueue<>(DEPTH);
  private final BlockingQueue<ChunkBuilder> empty = new ArrayBlockingQueue<>(DEPTH);
  private final ChunkBuilder end = new ChunkBuilder();
  private final Thread thread;
  private volatile @Nullable IOException failure;
  private volatile long journalBytes;

  JournalThread(TraceOutput output) {
    this.output = output;
    for (int k = 0; k < DEPTH; k++) {
      empty.add(new ChunkBuilder());
    }
    thread = new Thread(this::drain, "backstep-journal");
    thread.setDaemon(true);
    thread.start();
  }

  private void drain() {
    for (ChunkBuilder chunk = take(full); chunk != end; chunk = take(full)) {
      if (failure == null) {
        append(chunk);
      }
      chunk.clear();
      put(empty, chunk);
    }
  }

  private void append(ChunkBuilder chunk) {
    try {
      output.append(chunk);
      journalBytes = output.journalBytes();
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException | Error e) {
      // This thread must not die: the machine's would wait for it for ever.
      failure = new IOException("cannot write the journal: " + e, e);
    }
  }

  /// What went wrong, if anything did: the machine should stop.
  @Nullable IOException failure() {
    return failure;
  }

  /// Bytes of journal written so far.
  long journalBytes() {
    return journalBytes;
  }

  /// Hands a chunk over and returns an empty one; waits while the writer is behind.
  ChunkBuilder exchange(ChunkBuilder chunk) {
    put(full, chunk);
    return take(empty);
  }

  /// Writes what waits and ends the thread.
  ///
  /// @throws IOException if anything could not be written
  void finish() throws IOException {
    stop();
    IOException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }

  /// Writes what waits, as far as that goes, and ends the thread. Does nothing the second time.
  void stop() {
    if (!thread.isAlive()) {
      return;
    }
    put(full, end);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    restore(interrupted);
  }

  private static void put(BlockingQueue<ChunkBuilder> queue, ChunkBuilder chunk) {
    boolean interrupted = false;
    while (true) {
      try {
        queue.put(chunk);
        restore(interrupted);
        return;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  private static ChunkBuilder take(BlockingQueue<ChunkBuilder> queue) {
    boolean interrupted = false;
    while (true) {
      try {
        ChunkBuilder chunk = queue.take();
        restore(interrupted);
        return chunk;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
  }

  private static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
