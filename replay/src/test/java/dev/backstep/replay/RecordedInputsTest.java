package dev.backstep.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Input;
import dev.backstep.recorder.InputTranslation;
import dev.backstep.recorder.RecordSession;
import dev.backstep.replay.ReplayResult.Diverged;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What came from outside comes from the journal in a replay.
class RecordedInputsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void replaysKeysThatCameAtAnyMoment(long seed) throws Exception {
    Random random = new Random(seed);
    ScriptedInputs inputs = new ScriptedInputs(1_600_000_000 + seed * 12_345_678, seed);
    int keys = 1 + random.nextInt(30);
    long ask = random.nextInt(50);
    for (int k = 0; k < keys; k++) {
      inputs.key(ask, random.nextInt(256));
      ask += random.nextInt(random.nextBoolean() ? 3 : 400);
    }
    Path trace = folder.resolve("trace");
    GuestRun.builtIn("uptime").on("kvm-intel").record(trace, inputs);
    ReplayResult.Identical identical = GuestRun.replayIdentically(trace);
    assertTrue(identical.wholeRun());
    assertTrue(inputs(trace).stream().filter(Input::hasConsole).count() > 0, "seed " + seed);
  }

  private static List<Input> inputs(Path trace) throws IOException {
    try (TraceReader reader = TraceReader.open(trace)) {
      assertEquals(1, reader.chunkCount());
      return reader.chunk(0).inputs();
    }
  }

  @Test
  void namesTheKeyThatDiffers() throws Exception {
    Path trace = folder.resolve("trace");
    GuestRun.builtIn("uptime").record(trace, new ScriptedInputs(0, 0).key(7, 'a').key(30, 'b'));
    Input second = inputs(trace).getLast();
    assertEquals(ByteString.copyFromUtf8("b"), second.getConsole().getBytes());
    long at = second.getPosition();
    long turn = second.getConsole().getTurn();

    Diverged d = replayWith(trace, "other", InputTranslation.console(at, turn, 'c'));
    assertEquals(Diverged.EVENT, d.fact());
    assertEquals(at, d.position());
    assertTrue(d.expected().contains("input text=\"b\""), d.expected());
    assertTrue(d.found().contains("input text=\"c\""), d.found());

    d = replayWith(trace, "late", InputTranslation.console(at, turn + 1, 'b'));
    assertEquals(at, d.position());
    assertEquals(Diverged.EVENT, d.fact());

    d = replayWith(trace, "entropy", InputTranslation.entropy(at, 1));
    assertEquals(at, d.position());
  }

  private Diverged replayWith(Path trace, String name, Input last) throws Exception {
    Path changed =
        new TraceRewriter(trace)
            .chunks(c -> c.inputs.set(c.inputs.size() - 1, last))
            .to(folder.resolve(name));
    return assertInstanceOf(Diverged.class, GuestRun.replay(changed));
  }

  @Test
  void namesWhatTheGuestDidWithAnotherClock() throws Exception {
    Path trace = folder.resolve("trace");
    GuestRun.builtIn("uptime").record(trace);
    Path changed =
        new TraceRewriter(trace)
            .chunks(c -> c.inputs.set(0, InputTranslation.clock(1_700_000_000 + 86_400)))
            .to(folder.resolve("changed"));
    Diverged d = assertInstanceOf(Diverged.class, GuestRun.replay(changed));
    assertTrue(d.position() > 0, d.toString());
  }

  /// hlt; jmp to it: the machine waits for a key as soon as it runs.
  private GuestRun waiting() throws IOException {
    return GuestRun.of(TestKernel.write(folder.resolve("kernel.elf"), "90 f4 ebfd"));
  }

  @Test
  void whatRanIsOnDiskWhileTheMachineWaitsForAKey() throws Exception {
    Path trace = folder.resolve("trace");
    long[] seen = {-1};
    ExternalInputs inputs =
        new WaitingInputs(
            () -> {
              seen[0] = waitForChunk(trace);
              return false;
            });
    assertEquals(new StopReason.Idle(), waiting().record(trace, inputs));
    assertEquals(2, seen[0]);
    GuestRun.replayIdentically(trace);
  }

  private static long waitForChunk(Path trace) {
    for (int attempt = 0; attempt < 2_000; attempt++) {
      try (TraceReader reader = TraceReader.open(trace)) {
        if (reader.chunkCount() > 0) {
          return reader.endPosition();
        }
        Thread.sleep(5);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return -1;
  }

  @Test
  void replaysAMachineThatWasStoppedWhileItWaited() throws Exception {
    Path trace = folder.resolve("trace");
    AtomicReference<Machine> machine = new AtomicReference<>();
    ExternalInputs inputs =
        new WaitingInputs(
            () -> {
              machine.get().requestStop();
              Thread.currentThread().interrupt();
              return false;
            });
    GuestRun run = waiting();
    try (RecordSession session =
        RecordSession.create(trace, run.manifest(), run.config(), inputs, bytes -> {})) {
      machine.set(session.machine());
      assertEquals(new StopReason.Requested(), session.run());
      assertTrue(Thread.interrupted(), "the interrupt is still to be seen");
    }
    ReplayResult.Identical identical = GuestRun.replayIdentically(trace);
    assertTrue(identical.wholeRun());
  }

  @Test
  void replaysAMachineThatWasStoppedAtSomeMoment() throws Exception {
    Path trace = folder.resolve("trace");
    GuestRun run = GuestRun.builtIn("sieve").withCpus(2).withArguments("1000000");
    try (RecordSession session =
        RecordSession.create(
            trace, run.manifest(), run.config(), ScriptedInputs.none(), bytes -> {})) {
      Thread stopper =
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (session.machine().progress() < 3_000_000) {
                      Thread.onSpinWait();
                    }
                    session.machine().requestStop();
                  });
      assertEquals(new StopReason.Requested(), session.run());
      stopper.join();
    }
    assertTrue(GuestRun.replayIdentically(trace).wholeRun());
  }

  /// Inputs that only answer when the machine waits.
  private record WaitingInputs(BooleanSupplier answer) implements ExternalInputs {
    @Override
    public long realTimeClockSeconds() {
      return 0;
    }

    @Override
    public long entropy() {
      return 0;
    }

    @Override
    public int consoleByte(long position) {
      return NOTHING;
    }

    @Override
    public boolean awaitConsole(long position) {
      return answer.getAsBoolean();
    }
  }
}
