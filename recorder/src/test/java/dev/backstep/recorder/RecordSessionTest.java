package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfig.DeviceConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class RecordSessionTest {
  private static final Path GUESTS = Path.of("../cli/src/main/resources/dev/backstep/cli/guests");

  @TempDir Path folder;

  private static MachineConfig config(String guest, String arguments, String platform)
      throws IOException {
    return new MachineConfig(
        32 << 20,
        1,
        "max",
        platform,
        Map.of(),
        new MachineConfig.Image(guest, Files.readAllBytes(GUESTS.resolve(guest))),
        List.of(),
        arguments,
        null,
        List.of(new DeviceConfig("isa-debug-exit", Map.of("iobase", "0xf4", "iosize", "4"))),
        true,
        false,
        MachineConfig.OnReset.STOP,
        MachineConfig.UNLIMITED);
  }

  private static RecordSession session(MachineConfig config, TraceOutput output)
      throws MachineConfigException {
    RecordingInputs inputs = new RecordingInputs(new NoInputs(), ControlScript.none());
    return new RecordSession(new Machine(config, inputs, bytes -> {}), inputs, output);
  }

  @Test
  void aJournalThatCannotBeWrittenStopsTheMachine() throws Exception {
    FakeOutput output = new FakeOutput(3);
    output.let(1_000);
    try (RecordSession session =
        session(config("sieve.elf", "1000000", "bare-metal-intel"), output)) {
      IOException e = assertThrows(IOException.class, session::run);
      assertEquals("No space left on device", e.getMessage());
    }
    assertEquals(3, output.chunks().size());
    assertNull(output.end());
    assertFalse(output.wasUsedAfterClose());
  }

  @Test
  void aSessionThatIsClosedEarlyWritesWhatItHandedOver() throws Exception {
    FakeOutput output = FakeOutput.endless();
    RecordSession session = session(config("sieve.elf", "1000000", "bare-metal-intel"), output);
    Thread stopper =
        new Thread(
            () -> {
              while (output.chunks().size() < 2) {
                Thread.onSpinWait();
              }
              session.machine().requestStop();
            });
    stopper.start();
    assertEquals(new StopReason.Requested(), session.machine().run());
    stopper.join();
    session.close();
    assertNull(output.end());
    assertFalse(output.wasUsedAfterClose());
  }

  @Test
  void leavesNoTraceOfAMachineThatCannotBeBuilt() throws Exception {
    Path trace = folder.resolve("trace");
    assertThrows(
        MachineConfigException.class,
        () ->
            RecordSession.create(
                trace,
                Manifest.getDefaultInstance(),
                config("real.elf", "", "abacus"),
                new NoInputs(),
                bytes -> {}));
    assertFalse(Files.exists(trace));
  }

  @Test
  void refusesAFolderThatIsNotEmpty() throws Exception {
    Files.writeString(folder.resolve("mine"), "x");
    assertThrows(
        IOException.class,
        () ->
            RecordSession.create(
                folder,
                Manifest.getDefaultInstance(),
                config("real.elf", "", "bare-metal-intel"),
                new NoInputs(),
                bytes -> {}));
    assertEquals("x", Files.readString(folder.resolve("mine")));
    assertFalse(Files.exists(folder.resolve("manifest.pb")));
  }

  @Test
  void anUnfinishedTraceSaysSo() throws Exception {
    Path trace = folder.resolve("trace");
    RecordSession.create(
            trace,
            Manifest.getDefaultInstance(),
            config("real.elf", "", "bare-metal-intel"),
            new NoInputs(),
            bytes -> {})
        .close();
    try (TraceReader reader = TraceReader.open(trace)) {
      assertFalse(reader.isComplete());
      assertTrue(reader.state().startsWith("incomplete"), reader.state());
    }
  }

  private static final class NoInputs implements ExternalInputs {
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
      return false;
    }
  }
}
