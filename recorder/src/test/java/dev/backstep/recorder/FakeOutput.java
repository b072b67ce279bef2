package dev.backstep.recorder;

import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.v1.End;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// A journal in memory that is as slow as the test wants, or breaks.
final class FakeOutput implements TraceOutput {
  private final Semaphore permits = new Semaphore(0);
  private final int breaksAt;
  private final List<Integer> chunks = new ArrayList<>();
  private volatile @Nullable End end;
  private volatile boolean closed;
  private volatile boolean usedAfterClose;

  /// @param breaksAt the chunk that cannot be written
  FakeOutput(int breaksAt) {
    this.breaksAt = breaksAt;
  }

  /// Never waits and never breaks.
  static FakeOutput endless() {
    FakeOutput output = new FakeOutput(Integer.MAX_VALUE);
    output.let(1_000_000);
    return output;
  }

  /// Lets so many further chunks be written.
  void let(int count) {
    permits.release(count);
  }

  @Override
  public void append(ChunkBuilder chunk) throws IOException {
    permits.acquireUninterruptibly();
    usedAfterClose |= closed;
    synchronized (chunks) {
      if (chunks.size() == breaksAt) {
        throw new IOException("No space left on device");
      }
      chunks.add(chunk.eventCount());
    }
  }

  /// The number of events of each chunk that was written.
  List<Integer> chunks() {
    synchronized (chunks) {
      return List.copyOf(chunks);
    }
  }

  @Nullable End end() {
    return end;
  }

  boolean wasUsedAfterClose() {
    return usedAfterClose;
  }

  @Override
  public long journalBytes() {
    return chunks().size();
  }

  @Override
  public void finish(End newEnd) {
    end = newEnd;
  }

  @Override
  public void close() {
    closed = true;
  }
}
