package dev.backstep.recorder;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.emulator.machine.MachineConfig;
import dev.backstep.emulator.machine.MachineConfigException;
import dev.backstep.emulator.machine.StopReason;
import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.TraceWriter;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Input;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.nio.file.Path;

/// Runs a machine and writes its trace.
///
/// ```java
/// try (RecordSession session = RecordSession.create(folder, manifest, config, inputs, console)) {
///   StopReason reason = session.run();
/// }
/// ```
///
/// A session that is closed without having run to an end leaves a trace that says it is incomplete.
public final class RecordSession implements AutoCloseable {
  /// A chunk is closed after so many instructions at the latest: what a crash may cost.
  private static final long CHUNK_INSTRUCTIONS = 16_000_000;

  private static final long NEVER = Long.MAX_VALUE;

  private final Machine machine;
  private final TraceWriter writer;
  private final JournalThread journal;
  private final long memoryDigestInterval;
  private ChunkBuilder chunk = new ChunkBuilder();
  private long chunkStart;
  private long nextMemoryDigest;

  private RecordSession(
      TraceWriter writer,
      MachineConfig config,
      ExternalInputs inputs,
      Machine.ConsoleOutput console)
      throws MachineConfigException {
    this.writer = writer;
    this.journal = new JournalThread(writer);
    this.memoryDigestInterval = MemoryDigests.intervalFor(config.memoryBytes());
    this.nextMemoryDigest = memoryDigestInterval;
    this.machine = new Machine(config, new RecordingInputs(inputs, new Log()), console);
    machine.listen(new Listener());
  }

  /// Builds the machine, then creates the trace.
  ///
  /// @param folder where the trace goes: absent or empty
  /// @param manifest describes the run; its configuration part is filled in here
  /// @throws MachineConfigException if the machine cannot be built; no trace is left behind
  /// @throws IOException if the trace cannot be created
  public static RecordSession create(
      Path folder,
      Manifest manifest,
      MachineConfig config,
      ExternalInputs inputs,
      Machine.ConsoleOutput console)
      throws IOException, MachineConfigException {
    // A configuration that cannot be built must not leave a trace behind.
    new Machine(config, new UnusedInputs(), bytes -> {}).close();
    Manifest described =
        manifest.toBuilder().setConfiguration(ConfigurationTranslation.toProto(config)).build();
    return new RecordSession(TraceWriter.create(folder, described), config, inputs, console);
  }

  public Machine machine() {
    return machine;
  }

  /// Bytes of journal written so far.
  public long journalBytes() {
    return writer.journalBytes();
  }

  /// Runs the machine to its end and completes the trace.
  ///
  /// @throws IOException if the journal could not be written; what was written stays readable
  public StopReason run() throws IOException {
    StopReason reason = machine.run();
    IOException failure = journal.failure();
    if (failure != null) {
      throw failure;
    }
    chunk.registerDigest(machine.registerDigest());
    byte[] memory = machine.memoryDigest();
    chunk.memoryDigest(memory);
    handOver();
    journal.finish();
    writer.finish(
        End.newBuilder()
            .setReason(reason.label())
            .setExitStatus(reason.exitStatus())
            .setFinalPosition(machine.position())
            .setFinalDigest(
                ByteString.copyFrom(MemoryDigests.combine(machine.registerDigest(), memory)))
            .setFinalTimeNs(machine.clock().nowNs())
            .build());
    return reason;
  }

  @Override
  public void close() throws IOException {
    machine.close();
    writer.close();
  }

  private void handOver() {
    try {
      chunk = journal.exchange(chunk);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      machine.requestStop();
    }
    chunkStart = machine.position();
    if (journal.failure() != null) {
      machine.requestStop();
    }
  }

  private final class Listener implements ExecutionListener {
    @Override
    public void blockBuilt(CodeBlock block) {
      chunk.block(BlockTranslation.toProto(block));
    }

    @Override
    public void executed(
        int vcpu, long firstPosition, int[] entries, int count, long instructions) {
      chunk.run(vcpu, entries, 0, count, instructions);
      long position = firstPosition + instructions;
      if (chunk.isFull() || position - chunkStart >= CHUNK_INSTRUCTIONS) {
        close(position);
      }
    }

    private void close(long position) {
      chunk.registerDigest(machine.registerDigest());
      if (nextMemoryDigest != NEVER && position >= nextMemoryDigest) {
        chunk.memoryDigest(machine.memoryDigest());
        nextMemoryDigest = position + memoryDigestInterval;
      }
      handOver();
    }

    @Override
    public void event(MachineEvent event) {
      chunk.event(EventTranslation.toProto(event));
    }
  }

  private final class Log implements InputLog {
    @Override
    public void input(Input input) {
      chunk.input(input);
    }

    @Override
    public void waiting() {
      // Between turns the machine's state has moved on since the last instruction: no digest here.
      if (machine.position() > chunkStart) {
        handOver();
      }
    }
  }

  /// For the trial build of a machine that never runs.
  private static final class UnusedInputs implements ExternalInputs {
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
