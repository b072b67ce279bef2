package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.v1.Event;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JournalThreadTest {
  private static ChunkBuilder fill(ChunkBuilder chunk, int events) {
    assertTrue(chunk.isEmpty(), "handed out empty");
    for (int k = 0; k < events; k++) {
      chunk.event(Event.getDefaultInstance());
    }
    return chunk;
  }

  @Test
  void writesChunksInOrder() throws IOException {
    FakeOutput output = FakeOutput.endless();
    JournalThread journal = new JournalThread(output);
    ChunkBuilder chunk = new ChunkBuilder();
    List<Integer> expected = new ArrayList<>();
    for (int k = 1; k < 50; k++) {
      chunk = journal.exchange(fill(chunk, k));
      expected.add(k);
    }
    journal.finish();
    assertEquals(expected, output.chunks());
    assertEquals(49, journal.journalBytes());
  }

  @Test
  void holdsTheMachineUpWhileTheWriterIsBehind() throws Exception {
    FakeOutput output = new FakeOutput(Integer.MAX_VALUE);
    JournalThread journal = new JournalThread(output);
    AtomicInteger handedOver = new AtomicInteger();
    Thread machine =
        new Thread(
            () -> {
              ChunkBuilder chunk = new ChunkBuilder();
              for (int k = 0; k < 20; k++) {
                chunk = journal.exchange(fill(chunk, 1));
                handedOver.incrementAndGet();
              }
            });
    machine.start();
    machine.join(300);
    assertTrue(machine.isAlive(), "waits");
    // One more than wait is being written.
    assertTrue(handedOver.get() <= JournalThread.DEPTH + 1, handedOver + " chunks in memory");
    output.let(1_000);
    machine.join();
    journal.finish();
    assertEquals(20, output.chunks().size());
  }

  @Test
  void tellsWhatWentWrongAndTakesChunksNonetheless() {
    FakeOutput output = new FakeOutput(2);
    output.let(1_000);
    JournalThread journal = new JournalThread(output);
    ChunkBuilder chunk = new ChunkBuilder();
    for (int k = 0; k < 20; k++) {
      chunk = journal.exchange(fill(chunk, 1));
    }
    IOException e = assertThrows(IOException.class, journal::finish);
    assertEquals("No space left on device", e.getMessage());
    assertNotNull(journal.failure());
    assertEquals(2, output.chunks().size());
  }

  @Test
  void keepsEveryChunkWhenTheMachinesThreadIsInterrupted() throws Exception {
    FakeOutput output = new FakeOutput(Integer.MAX_VALUE);
    JournalThread journal = new JournalThread(output);
    Thread machine =
        new Thread(
            () -> {
              Thread.currentThread().interrupt();
              ChunkBuilder chunk = new ChunkBuilder();
              for (int k = 1; k <= 10; k++) {
                chunk = journal.exchange(fill(chunk, k));
                assertTrue(Thread.currentThread().isInterrupted(), "stays interrupted");
              }
            });
    List<Throwable> failures = new ArrayList<>();
    machine.setUncaughtExceptionHandler((thread, e) -> failures.add(e));
    machine.start();
    for (int k = 0; k < 10; k++) {
      machine.interrupt();
      output.let(1);
      Thread.sleep(2);
    }
    machine.join();
    journal.finish();
    assertEquals(List.of(), failures);
    assertEquals(List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), output.chunks());
  }

  @Test
  void stopsTwiceWithoutHarm() throws IOException {
    JournalThread journal = new JournalThread(FakeOutput.endless());
    journal.stop();
    journal.stop();
    journal.finish();
    assertFalse(Thread.currentThread().isInterrupted());
  }
}
