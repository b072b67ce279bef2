package dev.backstep.replay;

import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.emulator.time.VirtualClock;
import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceVerifier;
import dev.backstep.proto.v1.Configuration;
import dev.backstep.proto.v1.End;
import dev.backstep.recorder.ConfigurationTranslation;
import dev.backstep.recorder.MemoryDigests;
import dev.backstep.replay.ReplayResult.Diverged;
import dev.backstep.replay.listing.TraceListing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Re-executes a trace and compares every journaled fact. One thread at a time.
///
/// A complete trace is replayed up to the turn in which the machine stopped, an incomplete one up
/// to its last whole chunk.
public final class ReplaySession implements AutoCloseable {
  private static final int INSTRUCTIONS_SHOWN = 10;

  private final TraceReader reader;
  private final FirstDivergence divergence = new FirstDivergence();
  private final Machine machine;
  private final ReplayComparison comparison;

  /// Builds the machine that the trace describes.
  ///
  /// @param reader the trace; stays the caller's
  /// @param console receives what the guest prints
  /// @throws ReplayException if an image is gone or changed, or the machine cannot be built
  /// @throws IOException if the journal cannot be read, or a complete trace was damaged
  public ReplaySession(TraceReader reader, Machine.ConsoleOutput console)
      throws ReplayException, IOException {
    this.reader = reader;
    if (reader.manifest().hasEnd()) {
      requireSound(reader);
    }
    if (reader.chunkCount() == 0) {
      throw new ReplayException(reader.trace() + ": holds no whole chunk: nothing to replay");
    }
    RecentChunks chunks = new RecentChunks(reader);
    int mostRequests = reader.manifest().getConfiguration().getInjectionsCount();
    JournalInputs inputs = new JournalInputs(chunks, divergence, mostRequests);
    machine = build(inputs, console);
    inputs.connect(machine);
    try {
      comparison = new ReplayComparison(chunks, machine, inputs, divergence, reader.isComplete());
    } catch (UncheckedIOException e) {
      machine.close();
      throw e.getCause();
    }
    machine.listen(comparison);
  }

  /// A trace that ended in order was whole then; replaying part of it would hide the damage.
  private static void requireSound(TraceReader reader) throws IOException {
    TraceVerifier.verifyChecksums(reader);
  }

  private Machine build(JournalInputs inputs, Machine.ConsoleOutput console)
      throws ReplayException, IOException {
    Configuration configuration = reader.manifest().getConfiguration();
    if (configuration.getTscHz() != VirtualClock.TSC_HZ) {
      throw new ReplayException(
          "%s: was recorded with a TSC of %s Hz, this version's runs at %d"
              .formatted(
                  reader.trace(),
                  Long.toUnsignedString(configuration.getTscHz()),
                  VirtualClock.TSC_HZ));
    }
    try {
      MachineConfig config =
          ConfigurationTranslation.toMachine(
              configuration, ImageFiles.load(reader.manifest()), MachineConfig.UNLIMITED);
      return new Machine(config, inputs, console);
    } catch (MachineConfigException | IllegalArgumentException e) {
      throw new ReplayException(
          reader.trace() + ": its machine cannot be built: " + e.getMessage(), e);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /// The machine, for progress displays.
  public Machine machine() {
    return machine;
  }

  /// Runs to the end of the trace or to the first difference.
  ///
  /// @throws TraceFormatException if the journal is damaged
  /// @throws IOException if the journal cannot be read
  public ReplayResult run() throws IOException {
    try {
      if (reader.isComplete()) {
        runWhole(reader.manifest().getEnd());
      } else {
        runToLastChunk();
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    Diverged found = divergence.found();
    if (found == null) {
      return new ReplayResult.Identical(
          reader.endPosition(), comparison.events(), reader.isComplete());
    }
    return new Diverged(
        found.position(),
        found.vcpu(),
        found.fact(),
        found.expected(),
        found.found(),
        before(found.position()));
  }

  private void runToLastChunk() {
    StopReason reason = null;
    while (reason == null && !divergence.isFound() && !comparison.isAtEndOfCutJournal()) {
      reason = machine.runTurn();
    }
    if (reason != null && !comparison.isAtEndOfCutJournal()) {
      differs(Diverged.END, "the run goes on", "it stops: " + reason.label());
    }
  }

  private void runWhole(End end) {
    StopReason reason = null;
    while (reason == null && !divergence.isFound() && isBefore(end)) {
      reason = machine.runTurn();
    }
    if (reason == null && !divergence.isFound()) {
      // The turn in which the recorded machine stopped is over and this one would go on: right only
      // if somebody stopped the recorded one.
      machine.requestStop();
      reason = machine.runTurn();
    }
    if (!divergence.isFound()) {
      comparison.compareAtEndOfRun();
    }
    if (!divergence.isFound()) {
      compareEnd(end, reason);
    }
  }

  private boolean isBefore(End end) {
    return Long.compareUnsigned(machine.turns(), end.getTurns()) < 0 || isDueToStop(end);
  }

  /// The limit of instructions is noticed before a turn begins.
  private boolean isDueToStop(End end) {
    return machine.turns() == end.getTurns()
        && machine.position() >= machine.config().maxInstructions();
  }

  private void compareEnd(End end, @Nullable StopReason reason) {
    String label = reason == null ? "" : reason.label();
    boolean stopped = end.getReason().equals(new StopReason.Requested().label());
    if (!stopped) {
      compare("ended by", end.getReason(), label);
    }
    if (!stopped && reason != null) {
      compare("exit status", end.getExitStatus(), reason.exitStatus());
    }
    compare("turns", end.getTurns(), machine.turns());
    compare("position", end.getFinalPosition(), machine.position());
    compare("virtual time in ns", end.getFinalTimeNs(), machine.clock().nowNs());
    byte[] digest = MemoryDigests.combine(machine.registerDigest(), machine.memoryDigest());
    byte[] expected = end.getFinalDigest().toByteArray();
    if (!Arrays.equals(digest, expected)) {
      HexFormat hex = HexFormat.of();
      differs(
          Diverged.MEMORY, "digest " + hex.formatHex(expected), "digest " + hex.formatHex(digest));
    }
  }

  private void compare(String name, Object expected, Object found) {
    if (!expected.equals(found)) {
      differs(Diverged.END, name + " " + expected, name + " " + found);
    }
  }

  private void differs(String fact, String expected, String found) {
    divergence.report(new Diverged(machine.position(), 0, fact, expected, found, List.of()));
  }

  private List<String> before(long position) {
    try {
      return new TraceListing(reader).linesBefore(position, INSTRUCTIONS_SHOWN);
    } catch (IOException e) {
      return List.of("(the journal cannot be read here: " + e.getMessage() + ")");
    }
  }

  @Override
  public void close() {
    machine.close();
  }
}
