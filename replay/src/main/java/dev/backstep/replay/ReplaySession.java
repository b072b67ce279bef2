package dev.backstep.replay;

import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.End;
import dev.backstep.recorder.ConfigurationTranslation;
import dev.backstep.recorder.MemoryDigests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// Re-executes a trace and compares every journaled fact.
public final class ReplaySession implements AutoCloseable {
  private final TraceReader reader;
  private final Machine machine;
  private final ReplayComparison comparison;

  /// Builds the machine that the trace describes.
  ///
  /// @param reader the trace; stays the caller's
  /// @param console receives what the guest prints
  /// @throws ReplayException if an image is gone or changed, or the machine cannot be built
  /// @throws IOException if the journal cannot be read
  public ReplaySession(TraceReader reader, Machine.ConsoleOutput console)
      throws ReplayException, IOException {
    this.reader = reader;
    if (reader.chunkCount() == 0) {
      throw new ReplayException(reader.trace() + ": holds no whole chunk: nothing to replay");
    }
    try {
      MachineConfig config =
          ConfigurationTranslation.toMachine(
              reader.manifest().getConfiguration(),
              ImageFiles.load(reader.manifest()),
              reader.endPosition());
      machine = new Machine(config, new JournalInputs(reader), console);
    } catch (MachineConfigException | IllegalArgumentException e) {
      throw new ReplayException(
          reader.trace() + ": its machine cannot be built: " + e.getMessage());
    }
    comparison = new ReplayComparison(reader, machine);
    machine.listen(comparison);
  }

  /// The machine, for progress displays.
  public Machine machine() {
    return machine;
  }

  /// Runs to the end of the trace or to the first difference.
  ///
  /// @throws IOException if the journal is damaged or cannot be read
  public ReplayResult run() throws IOException {
    try {
      StopReason reason = machine.run();
      comparison.finish();
      if (reader.isComplete()) {
        compareEnd(reader.manifest().getEnd(), reason);
      }
      return new ReplayResult.Identical(
          machine.position(), comparison.events(), reader.isComplete());
    } catch (DivergenceFound e) {
      return e.divergence();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private void compareEnd(End end, StopReason reason) {
    // A run that somebody stopped has no reason of its own; that the replay ends where it was
    // stopped
    // was seen to already.
    boolean limit = reason instanceof StopReason.InstructionLimit;
    if (!limit && !reason.label().equals(end.getReason())) {
      throw differs("end", end.getReason(), reason.label());
    }
    byte[] digest = MemoryDigests.combine(machine.registerDigest(), machine.memoryDigest());
    byte[] expected = end.getFinalDigest().toByteArray();
    if (!Arrays.equals(digest, expected)) {
      HexFormat hex = HexFormat.of();
      throw differs("memory", hex.formatHex(expected), hex.formatHex(digest));
    }
  }

  private DivergenceFound differs(String fact, String expected, String found) {
    return new DivergenceFound(
        new ReplayResult.Diverged(machine.position(), 0, fact, expected, found, List.of()));
  }

  @Override
  public void close() {
    machine.close();
  }
}
