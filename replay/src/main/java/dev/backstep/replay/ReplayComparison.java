package dev.backstep.replay;

import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.Event;
import dev.backstep.recorder.BlockTranslation;
import dev.backstep.recorder.EventTranslation;
import dev.backstep.replay.listing.EventText;
import dev.backstep.replay.listing.TraceListing;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Compares what the machine does with what the journal says, fact by fact, and throws
/// [DivergenceFound] at the first difference.
final class ReplayComparison implements ExecutionListener {
  private static final int INSTRUCTIONS_SHOWN = 10;

  private final TraceReader reader;
  private final Machine machine;
  private final ExpectedSequence expected;
  private final JournalCursor<Event> events;
  private final JournalCursor<BlockDefinition> blocks;

  ReplayComparison(TraceReader reader, Machine machine) throws IOException {
    this.reader = reader;
    this.machine = machine;
    this.expected = new ExpectedSequence(reader);
    this.events = new JournalCursor<>(reader, DecodedChunk::events);
    this.blocks = new JournalCursor<>(reader, DecodedChunk::newBlocks);
  }

  /// How many events agreed.
  long events() {
    return events.taken();
  }

  @Override
  public void blockBuilt(CodeBlock block) {
    BlockDefinition found = BlockTranslation.toProto(block);
    BlockDefinition next = peek(blocks);
    if (!found.equals(next)) {
      throw differs(
          machine.position(),
          0,
          "code",
          next == null ? "no further code block" : TraceListing.describe(next),
          TraceListing.describe(found));
    }
    blocks.take();
  }

  @Override
  public void event(MachineEvent event) {
    Event found = EventTranslation.toProto(event);
    Event next = peek(events);
    if (!found.equals(next)) {
      throw differs(
          found.getPosition(),
          found.getVcpu(),
          "event",
          next == null ? "no further event" : EventText.of(next),
          EventText.of(found));
    }
    events.take();
  }

  @Override
  public void executed(int vcpu, long firstPosition, int[] entries, int count, long instructions) {
    int from = 0;
    while (from < count) {
      if (expected.isChunkFinished()) {
        nextChunk(vcpu, firstPosition, entries, from);
      }
      int matched = expected.matching(vcpu, entries, from, count);
      if (matched == 0) {
        throw sequenceDiffers(vcpu, firstPosition, entries, from);
      }
      from += matched;
    }
    if (expected.isChunkFinished() && !(expected.isLastChunk() && reader.isComplete())) {
      compareDigests();
    }
  }

  private void nextChunk(int vcpu, long firstPosition, int[] entries, int from) {
    try {
      if (expected.isLastChunk()) {
        throw sequenceDiffers(vcpu, firstPosition, entries, from);
      }
      expected.advanceChunk();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DivergenceFound sequenceDiffers(int vcpu, long firstPosition, int[] entries, int from) {
    long position = firstPosition + instructionsBefore(entries, from);
    String found = TraceListing.describe(vcpu, entries[from], expected.blocks());
    String next =
        expected.isChunkFinished()
            ? "the end of the run"
            : TraceListing.describe(expected.vcpu(), expected.entry(), expected.blocks());
    return differs(position, vcpu, "instruction", next, found);
  }

  /// Instructions that the first `to` entries retired; all of them agreed with the journal.
  private long instructionsBefore(int[] entries, int to) {
    long sum = 0;
    int last = 0;
    for (int k = 0; k < to; k++) {
      if (entries[k] < 0) {
        sum += ~entries[k] - last;
        last = 0;
      } else {
        last = expected.blocks().instructionCount(entries[k]);
        sum += last;
      }
    }
    return sum;
  }

  private void compareDigests() {
    DecodedChunk chunk = expected.chunk();
    byte[] registers = chunk.registerDigest();
    if (registers.length > 0) {
      compareDigest("registers", chunk.endPosition(), registers, machine.registerDigest());
    }
    if (chunk.hasMemoryDigest()) {
      compareDigest("memory", chunk.endPosition(), chunk.memoryDigest(), machine.memoryDigest());
    }
  }

  private void compareDigest(String fact, long position, byte[] wanted, byte[] found) {
    if (!Arrays.equals(wanted, found)) {
      HexFormat hex = HexFormat.of();
      throw differs(
          position, 0, fact, "digest " + hex.formatHex(wanted), "digest " + hex.formatHex(found));
    }
  }

  /// The machine stopped: the journal must have nothing more to say.
  void finish() {
    if (!expected.isChunkFinished() || !expected.isLastChunk()) {
      throw differs(
          machine.position(), 0, "end", "the run goes on to " + reader.endPosition(), "it stopped");
    }
    if (reader.isComplete()) {
      compareDigests();
      Event next = peek(events);
      if (next != null) {
        throw differs(
            next.getPosition(), next.getVcpu(), "event", EventText.of(next), "no further event");
      }
    }
  }

  private static <T> @Nullable T peek(JournalCursor<T> cursor) {
    try {
      return cursor.peek();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DivergenceFound differs(
      long position, int vcpu, String fact, String wanted, String found) {
    return new DivergenceFound(
        new ReplayResult.Diverged(position, vcpu, fact, wanted, found, before(position)));
  }

  private List<String> before(long position) {
    try {
      return new TraceListing(reader).linesBefore(position, INSTRUCTIONS_SHOWN);
    } catch (IOException e) {
      return List.of("(the journal cannot be read here: " + e.getMessage() + ")");
    }
  }
}
