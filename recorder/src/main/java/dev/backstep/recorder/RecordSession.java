package dev.backstep.recorder;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.control.ControlCall;
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
import dev.backstep.proto.v1.Configuration;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Event;
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
/// One thread at a time.
public final class RecordSession implements AutoCloseable {
  /// A chunk is closed after so many instructions at the latest: what a crash may cost.
  private static final long CHUNK_INSTRUCTIONS = 16_000_000;

  /// A chunk is closed with so many inputs at the latest. Those of one more turn, one per
  /// instruction, stay within what a chunk can hold.
  private static final int CHUNK_INPUTS = 8_192;

  private final Machine machine;
  private final TraceOutput output;
  private final JournalThread journal;
  private final ControlScript script;
  private final long memoryDigestInterval;
  private ChunkBuilder chunk = new ChunkBuilder();
  private int inputsInChunk;
  private long chunkStart;
  private long nextMemoryDigest;
  private boolean closesAfterRequest;

  /// @param machine at power-up; the session closes it
  /// @param inputs what the machine was built with
  RecordSession(Machine machine, RecordingInputs inputs, TraceOutput output) {
    this.machine = machine;
    this.output = output;
    this.script = inputs.script();
    this.journal = new JournalThread(output);
    this.memoryDigestInterval = MemoryDigests.intervalFor(machine.config().memoryBytes());
    this.nextMemoryDigest = memoryDigestInterval;
    inputs.connect(new Log());
    script.connect(machine::leaveTurn);
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
    return create(folder, manifest, config, inputs, console, ControlScript.none());
  }

  /// The same with requests to the hypervisor.
  ///
  /// @param script serves this session alone
  public static RecordSession create(
      Path folder,
      Manifest manifest,
      MachineConfig config,
      ExternalInputs inputs,
      Machine.ConsoleOutput console,
      ControlScript script)
      throws IOException, MachineConfigException {
    RecordingInputs recorded = new RecordingInputs(inputs, script);
    Machine machine = new Machine(config, recorded, console);
    try {
      Configuration configuration =
          ConfigurationTranslation.toProto(config).toBuilder()
              .addAllInjections(script.texts())
              .build();
      Manifest described = manifest.toBuilder().setConfiguration(configuration).build();
      return new RecordSession(
          machine, recorded, TraceOutput.to(TraceWriter.create(folder, described)));
    } catch (IOException | RuntimeException e) {
      machine.close();
      throw e;
    }
  }

  public Machine machine() {
    return machine;
  }

  /// Bytes of journal written so far; from any thread.
  public long journalBytes() {
    return journal.journalBytes();
  }

  /// Runs the machine to its end and completes the trace.
  ///
  /// @throws IOException if the journal could not be written; what was written stays readable
  public StopReason run() throws IOException {
    StopReason reason = machine.run();
    // Files close themselves under a thread that is interrupted, and an interrupt may be what
    // stopped the machine.
    boolean interrupted = Thread.interrupted();
    try {
      complete(reason);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    return reason;
  }

  private void complete(StopReason reason) throws IOException {
    if (journal.failure() == null) {
      noteUnmadeRequest();
      byte[] registers = machine.registerDigest();
      byte[] memory = machine.memoryDigest();
      chunk.registerDigest(registers);
      chunk.memoryDigest(memory);
      handOver();
      journal.finish();
      output.finish(
          End.newBuilder()
              .setReason(reason.label())
              .setExitStatus(reason.exitStatus())
              .setFinalPosition(machine.position())
              .setFinalDigest(ByteString.copyFrom(MemoryDigests.combine(registers, memory)))
              .setFinalTimeNs(machine.clock().nowNs())
              .setTurns(machine.turns())
              .build());
    } else {
      journal.finish();
    }
  }

  /// A request that was due when the machine stopped has ended a turn: a replay must end it too.
  /// The turn that would have begun with it never did.
  private void noteUnmadeRequest() {
    ControlCall call = script.due(machine.position());
    if (call != null) {
      chunk.input(
          InputTranslation.request(
              machine.position(), machine.turns() + 1, call, script.dueAfterEvents()));
    }
  }

  /// Writes what was handed over, ends the writing and gives the machine's memory back.
  @Override
  public void close() throws IOException {
    journal.stop();
    machine.close();
    output.close();
  }

  private void handOver() {
    chunk = journal.exchange(chunk);
    inputsInChunk = 0;
    chunkStart = machine.position();
    if (journal.failure() != null || Thread.currentThread().isInterrupted()) {
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
      if (!isFull(position)) {
        return;
      }
      if (script.isDue(position)) {
        // The request that ended this turn belongs into the same chunk: a replay of a journal that
        // was cut off in between would not know why the turn ends here.
        closesAfterRequest = true;
      } else {
        closeChunk(position);
      }
    }

    /// Whether what comes until the next call might not fit.
    private boolean isFull(long position) {
      return chunk.room() < ExecutionListener.MOST_ENTRIES
          || chunk.isFull()
          || inputsInChunk >= CHUNK_INPUTS
          || position - chunkStart >= CHUNK_INSTRUCTIONS;
    }

    private void closeChunk(long position) {
      chunk.registerDigest(machine.registerDigest());
      if (position >= nextMemoryDigest) {
        chunk.memoryDigest(machine.memoryDigest());
        nextMemoryDigest = position + memoryDigestInterval;
      }
      handOver();
    }

    @Override
    public void event(MachineEvent event) {
      Event translated = EventTranslation.toProto(event);
      chunk.event(translated);
      script.heard(translated);
    }
  }

  private final class Log implements InputLog {
    @Override
    public void input(Input input) {
      chunk.input(input);
      inputsInChunk++;
      if (closesAfterRequest && input.hasInjection()) {
        closesAfterRequest = false;
        handOver();
      }
    }

    @Override
    public long position() {
      return machine.position();
    }

    @Override
    public long turn() {
      return machine.turns();
    }

    @Override
    public void waiting() {
      // No digest here: a replay compares digests where a part of a turn ends.
      if (!chunk.isEmpty()) {
        handOver();
      }
    }
  }
}
