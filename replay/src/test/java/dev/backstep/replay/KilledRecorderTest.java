package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.proto.journal.TraceReader;
import java.io.BufferedReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The recording process is killed (SIGKILL): what is on disk opens and replays.
class KilledRecorderTest {
  @TempDir Path folder;

  @Test
  void replaysWhatWasRecordedBeforeTheKill() throws Exception {
    killAndReplay(new Random(21), 2);
  }

  @Tag("heavy")
  @Test
  void replaysWhatWasRecordedBeforeTenKills() throws Exception {
    killAndReplay(new Random(22), 10);
  }

  private void killAndReplay(Random random, int kills) throws Exception {
    for (int kill = 0; kill < kills; kill++) {
      Path trace = folder.resolve("t" + kill);
      long delay = random.nextLong(50, 1_000);
      killAfter(trace, 1 + kill % 2, random.nextInt(3), delay);
      try (TraceReader reader = TraceReader.open(trace)) {
        assertFalse(reader.isComplete());
        assertTrue(reader.state().startsWith("incomplete"), reader.state());
        ReplayResult.Identical identical = GuestRun.replayIdentically(trace);
        assertFalse(identical.wholeRun());
        assertEquals(reader.endPosition(), identical.position());
        assertTrue(identical.position() > 0);
      }
    }
  }

  /// Kills a recorder some time after it has written `chunks` chunks.
  private static void killAfter(Path trace, int cpus, int chunks, long delayMs) throws Exception {
    Process process =
        new ProcessBuilder(command(trace, cpus))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader output = process.inputReader()) {
      assertEquals("recording", output.readLine());
      while (chunksIn(trace) <= chunks) {
        assertTrue(process.isAlive());
        Thread.sleep(10);
      }
      Thread.sleep(delayMs);
      process.destroyForcibly();
    } finally {
      process.destroyForcibly();
    }
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    assertEquals(128 + 9, process.exitValue());
  }

  private static int chunksIn(Path trace) throws Exception {
    try (TraceReader reader = TraceReader.open(trace)) {
      return reader.chunkCount();
    }
  }

  private static List<String> command(Path trace, int cpus) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (argument.startsWith("--add-")
          || argument.startsWith("--enable-native")
          || argument.startsWith("--sun-misc")) {
        command.add(argument);
      }
    }
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(KilledRecorder.class.getName());
    command.add(trace.toString());
    command.add(Integer.toString(cpus));
    return command;
  }
}
