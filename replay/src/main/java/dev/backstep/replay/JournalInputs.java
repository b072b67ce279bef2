package dev.backstep.replay;

import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.v1.ConsoleInput;
import dev.backstep.proto.v1.Input;
import dev.backstep.recorder.InputTranslation;
import dev.backstep.replay.ReplayResult.Diverged;
import dev.backstep.replay.listing.EventText;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Answers what the machine asks of the outside from the journal. A question to which the journal
/// has no answer is a divergence; the machine then gets one that does no harm.
final class JournalInputs implements ExternalInputs {
  private final JournalCursor<Input> inputs;
  private final FirstDivergence divergence;
  private LongSupplier position = () -> 0;
  private LongSupplier turn = () -> 0;

  JournalInputs(RecentChunks chunks, FirstDivergence divergence) {
    this.inputs = new JournalCursor<>(chunks, DecodedChunk::inputs);
    this.divergence = divergence;
  }

  /// Says who knows the moment, once it is built.
  void connect(Machine machine) {
    position = machine::position;
    turn = machine::turns;
  }

  /// The next input that nobody asked for yet, or null.
  @Nullable Input next() {
    return inputs.peek();
  }

  @Override
  public long realTimeClockSeconds() {
    Input next = inputs.peek();
    long seconds = next == null ? 0 : next.getClock().getSeconds();
    return taken(next, InputTranslation.clock(seconds)) ? seconds : 0;
  }

  @Override
  public long entropy() {
    Input next = inputs.peek();
    long word =
        next != null && next.getEntropy().getWordsCount() == 1 ? next.getEntropy().getWords(0) : 0;
    return taken(next, InputTranslation.entropy(position.getAsLong(), word)) ? word : 0;
  }

  @Override
  public int consoleByte(long newPosition) {
    Input next = inputs.peek();
    if (next == null
        || !next.hasConsole()
        || Long.compareUnsigned(next.getConsole().getTurn(), turn.getAsLong()) > 0) {
      return NOTHING;
    }
    ConsoleInput console = next.getConsole();
    int octet = console.getBytes().size() == 1 ? console.getBytes().byteAt(0) & 0xFF : 0;
    return taken(next, InputTranslation.console(newPosition, turn.getAsLong(), octet))
        ? octet
        : NOTHING;
  }

  @Override
  public boolean awaitConsole(long newPosition) {
    Input next = inputs.peek();
    return next != null && next.hasConsole() && next.getConsole().getTurn() == turn.getAsLong() + 1;
  }

  /// Passes the next input if it is the one that the machine asks for now.
  private boolean taken(@Nullable Input next, Input asked) {
    if (asked.equals(next)) {
      inputs.take();
      return true;
    }
    divergence.report(
        new Diverged(
            asked.getPosition(),
            0,
            Diverged.INPUT,
            next == null ? "no further input" : describe(next),
            "the machine asks for " + describe(asked),
            List.of()));
    return false;
  }

  /// One line on an input.
  static String describe(Input input) {
    String what =
        switch (input.getKindCase()) {
          case CONSOLE -> "console input " + EventText.quoted(input.getConsole().getBytes());
          case CLOCK -> "the real-time clock, " + input.getClock().getSeconds() + " s";
          case ENTROPY -> input.getEntropy().getWordsCount() + " words of entropy";
          case INJECTION, OTHER, KIND_NOT_SET -> "an input that this version does not know";
        };
    return what + " at position " + Long.toUnsignedString(input.getPosition());
  }
}
