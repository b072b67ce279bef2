package dev.backstep.replay;

import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.listen.ExecutionListener;
import dev.backstep.emulator.listen.MachineEvent;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.Input;
import dev.backstep.recorder.BlockTranslation;
import dev.backstep.recorder.EventTranslation;
import dev.backstep.replay.ReplayResult.Diverged;
import dev.backstep.replay.listing.EventText;
import dev.backstep.replay.listing.TraceListing;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Compares what the machine does with what the journal says, fact by fact, until the first
/// difference or the end of the journal. After that it listens no more.
///
/// A chunk is over when all of its instructions, events and blocks were seen; the recorder closed
/// it at the end of a call of [#executed], and there its digests are compared.
final class ReplayComparison implements ExecutionListener {
  private final Machine machine;
  private final JournalInputs inputs;
  private final FirstDivergence divergence;
  private final boolean complete;
  private final ExpectedSequence expected;
  private final JournalCursor<Event> events;
  private final JournalCursor<BlockDefinition> blocks;
  private boolean chunkOver;

  /// @param complete whether the trace has an end, with which its last chunk was closed
  ReplayComparison(
      RecentChunks chunks,
      Machine machine,
      JournalInputs inputs,
      FirstDivergence divergence,
      boolean complete) {
    this.machine = machine;
    this.inputs = inputs;
    this.divergence = divergence;
    this.complete = complete;
    this.expected = new ExpectedSequence(chunks);
    this.events = new JournalCursor<>(chunks, DecodedChunk::events);
    this.blocks = new JournalCursor<>(chunks, DecodedChunk::newBlocks);
  }

  /// How many events agreed.
  long events() {
    return events.taken();
  }

  /// Whether the journal, which ends somewhere in the run, has nothing more to compare.
  boolean isAtEndOfCutJournal() {
    if (complete
        || !expected.isFinished()
        || events.peek() != null
        || blocks.peek() != null
        || inputs.next() != null) {
      return false;
    }
    // Chunks that hold events only, closed while the machine waited for input, have no digest.
    while (isChunkSettled() && !expected.isLastChunk()) {
      advance();
    }
    return isChunkSettled();
  }

  private boolean isChunkSettled() {
    return chunkOver || expected.chunk().registerDigest().length == 0;
  }

  private boolean isListening() {
    return !divergence.isFound() && !isAtEndOfCutJournal();
  }

  @Override
  public void blockBuilt(CodeBlock block) {
    if (!isListening()) {
      return;
    }
    BlockDefinition found = BlockTranslation.toProto(block);
    BlockDefinition next = blocks.peek();
    if (found.equals(next)) {
      blocks.take();
      return;
    }
    report(
        machine.position(),
        0,
        Diverged.CODE,
        next == null ? "no further code block" : TraceListing.describe(next),
        TraceListing.describe(found));
  }

  @Override
  public void event(MachineEvent event) {
    inputs.eventHappened();
    if (!isListening()) {
      return;
    }
    Event found = EventTranslation.toProto(event);
    Event next = events.peek();
    if (found.equals(next)) {
      events.take();
      return;
    }
    report(
        found.getPosition(),
        found.getVcpu(),
        Diverged.EVENT,
        next == null ? "no further event" : describe(next),
        describe(found));
  }

  @Override
  public void executed(int vcpu, long firstPosition, int[] entries, int count, long instructions) {
    if (isAtEndOfCutJournal()) {
      return;
    }
    if (chunkOver && !expected.isLastChunk()) {
      advance();
    }
    int from = 0;
    while (from < count) {
      if (expected.isChunkFinished() && !expected.isLastChunk()) {
        if (!canLeaveChunk(vcpu, firstPosition)) {
          return;
        }
        advance();
        continue;
      }
      int matched = expected.matching(vcpu, entries, from, count);
      if (matched == 0) {
        divergence.reportInstruction(
            SequenceDifference.of(expected, vcpu, firstPosition, entries, from, count));
        return;
      }
      from += matched;
    }
    if (!divergence.isFound()) {
      compareAtEndOfPart(firstPosition + instructions);
    }
  }

  private void advance() {
    expected.advanceChunk();
    chunkOver = false;
  }

  /// Whether the machine may run on into the next chunk: a chunk with a digest ended in this place
  /// of the turn, where the digest was compared, and its events have all happened.
  private boolean canLeaveChunk(int vcpu, long position) {
    if (divergence.isFound()) {
      return false;
    }
    DecodedChunk chunk = expected.chunk();
    Event missing = events.taken() < expected.eventsThrough() ? events.peek() : null;
    if (missing != null) {
      reportMissing(missing);
      return false;
    }
    if (!chunkOver && chunk.registerDigest().length > 0) {
      report(
          Long.compareUnsigned(position, chunk.endPosition()) > 0 ? chunk.endPosition() : position,
          vcpu,
          Diverged.TURN,
          "a part of a turn ends at position " + Long.toUnsignedString(chunk.endPosition()),
          "it goes on");
      return false;
    }
    return true;
  }

  private void compareAtEndOfPart(long position) {
    Event next = events.peek();
    if (next != null && Long.compareUnsigned(next.getPosition(), position) < 0) {
      reportMissing(next);
      return;
    }
    boolean over =
        expected.isChunkFinished()
            && events.taken() == expected.eventsThrough()
            && blocks.taken() == expected.blocks().size();
    if (over && !chunkOver && !(complete && expected.isLastChunk())) {
      chunkOver = true;
      compareDigests();
    }
  }

  private void compareDigests() {
    DecodedChunk chunk = expected.chunk();
    byte[] registers = chunk.registerDigest();
    if (registers.length > 0) {
      compareDigest(Diverged.REGISTERS, registers, machine.registerDigest());
    }
    if (chunk.hasMemoryDigest()) {
      compareDigest(Diverged.MEMORY, chunk.memoryDigest(), machine.memoryDigest());
    }
  }

  private void compareDigest(String fact, byte[] wanted, byte[] found) {
    if (!Arrays.equals(wanted, found)) {
      HexFormat hex = HexFormat.of();
      report(
          expected.chunk().endPosition(),
          0,
          fact,
          "digest " + hex.formatHex(wanted),
          "digest " + hex.formatHex(found));
    }
  }

  /// The machine of a complete trace stopped: the journal must have nothing more to say, and the
  /// digests of its last chunk are those of the end.
  void compareAtEndOfRun() {
    while (expected.isChunkFinished() && !expected.isLastChunk()) {
      advance();
    }
    if (!expected.isFinished()) {
      report(
          machine.position(),
          0,
          Diverged.END,
          "the run goes on to position " + Long.toUnsignedString(expected.endPosition()),
          "it stops");
      return;
    }
    Event event = events.peek();
    if (event != null) {
      reportMissing(event);
    }
    Input input = inputs.next();
    if (input != null && !inputs.isUnmade(input)) {
      report(
          input.getPosition(), 0, Diverged.INPUT, JournalInputs.describe(input), "not asked for");
    }
    BlockDefinition block = blocks.peek();
    if (block != null) {
      report(
          machine.position(), 0, Diverged.CODE, TraceListing.describe(block), "no further block");
    }
    if (!divergence.isFound()) {
      compareDigests();
    }
  }

  private void reportMissing(Event event) {
    report(event.getPosition(), event.getVcpu(), Diverged.EVENT, describe(event), "no event there");
  }

  private static String describe(@Nullable Event event) {
    return event == null
        ? "no event"
        : "position %s, vcpu%d, rip 0x%x, time %s ns: %s"
            .formatted(
                Long.toUnsignedString(event.getPosition()),
                event.getVcpu(),
                event.getRip(),
                Long.toUnsignedString(event.getTimeNs()),
                EventText.facts(event));
  }

  private void report(long position, int vcpu, String fact, String wanted, String found) {
    divergence.report(new Diverged(position, vcpu, fact, wanted, found, List.of()));
  }
}
