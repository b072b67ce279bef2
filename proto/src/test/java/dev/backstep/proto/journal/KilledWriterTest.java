package dev.backstep.proto.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KilledWriterTest {
  private static final int KILLS = 3;

  @TempDir Path folder;

  @Test
  void everyChunkAppendedBeforeTheKillIsThere() throws IOException, InterruptedException {
    Random random = new Random(11);
    for (int kill = 0; kill < KILLS; kill++) {
      Path trace = folder.resolve("t" + kill);
      int said = killAfter(trace, kill, 1 + random.nextInt(400));
      try (TraceReader reader = TraceReader.open(trace)) {
        assertFalse(reader.isComplete());
        assertTrue(reader.damage().isEmpty(), reader.state());
        assertTrue(reader.chunkCount() > said, reader.chunkCount() + " chunks, said " + said);
        RandomRun run = new RandomRun(kill, 3);
        ChunkBuilder builder = new ChunkBuilder();
        for (int chunk = 0; chunk < reader.chunkCount(); chunk++) {
          run.fill(builder, KilledWriter.TURNS);
          builder.clear();
        }
        TraceRoundTripTest.assertHolds(reader, run);
        assertEquals(run.position, TraceVerifier.verify(reader).instructions());
      }
    }
  }

  /// Starts a writer and kills it once it said `chunk`; returns the last chunk that it said.
  private static int killAfter(Path trace, int seed, int chunk)
      throws IOException, InterruptedException {
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
    command.add(KilledWriter.class.getName());
    command.add(trace.toString());
    command.add(Integer.toString(seed));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    int said = -1;
    try (BufferedReader output = process.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        said = Integer.parseInt(line);
        if (said == chunk) {
          process.destroyForcibly();
        }
      }
    } catch (IOException e) {
      // The pipe may break with its writer.
      assertTrue(said >= chunk, e.getMessage());
    }
    assertTrue(process.waitFor(30, TimeUnit.SECONDS));
    assertEquals(128 + 9, process.exitValue());
    assertTrue(said >= chunk, "ended by itself after chunk " + said);
    return said;
  }
}
