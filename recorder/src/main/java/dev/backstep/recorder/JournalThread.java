package dev.backstep.recorder;

import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.TraceWriter;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/// Writes chunks beside the machine. At most [#DEPTH] chunks wait: a slow disk slows the guest, and
/// nothing is lost.
final class JournalThread {
  private static final int DEPTH = 3;

  private final TraceWriter writer;
  private final BlockingQueue<ChunkBuilder> full = new ArrayBlockingQueue<>(DEPTH);
  private final BlockingQueue<ChunkBuilder> empty = new ArrayBlockingQueue<>(DEPTH + 1);
  private final ChunkBuilder end = new ChunkBuilder();
  private final Thread thread;
  private volatile @Nullable IOException failure;

  JournalThread(TraceWriter writer) {
    this.writer = writer;
    for (int k = 0; k < DEPTH; k++) {
      empty.add(new ChunkBuilder());
    }
    thread = new Thread(this::drain, "backstep-journal");
    thread.setDaemon(true);
    thread.start();
  }

  private void drain() {
    try {
      for (ChunkBuilder chunk = full.take(); chunk != end; chunk = full.take()) {
        if (failure == null) {
          append(chunk);
        }
        empty.put(failure == null ? chunk : new ChunkBuilder());
      }
    } catch (InterruptedException e) {
      failure = new IOException("the journal thread was interrupted", e);
    }
  }

  private void append(ChunkBuilder chunk) {
    try {
      writer.append(chunk);
    } catch (IOException e) {
      failure = e;
    } catch (RuntimeException | Error e) {
      failure = new IOException("cannot write the journal: " + e, e);
    }
  }

  /// What went wrong, if anything did: the machine should stop.
  @Nullable IOException failure() {
    return failure;
  }

  /// Hands a chunk over and returns an empty one; waits while the writer is behind.
  ChunkBuilder exchange(ChunkBuilder chunk) throws InterruptedException {
    full.put(chunk);
    return empty.take();
  }

  /// Writes what waits and ends the thread.
  ///
  /// @throws IOException if anything could not be written
  void finish() throws IOException {
    try {
      full.put(end);
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while the journal was written", e);
    }
    IOException failed = failure;
    if (failed != null) {
      throw failed;
    }
  }
}
