package dev.backstep.replay;

import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.Input;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Answers what the machine asks of the outside from the journal.
final class JournalInputs implements ExternalInputs {
  private final JournalCursor<Input> inputs;
  private long position;

  JournalInputs(TraceReader reader) {
    inputs = new JournalCursor<>(reader, DecodedChunk::inputs);
  }

  @Override
  public long realTimeClockSeconds() {
    Input next = peek();
    if (next == null || !next.hasClock()) {
      throw missing("the real-time clock", next);
    }
    inputs.take();
    return next.getClock().getSeconds();
  }

  @Override
  public long entropy() {
    Input next = peek();
    if (next == null || !next.hasEntropy() || next.getEntropy().getWordsCount() != 1) {
      throw missing("entropy", next);
    }
    inputs.take();
    return next.getEntropy().getWords(0);
  }

  @Override
  public int consoleByte(long newPosition) {
    position = newPosition;
    Input next = peek();
    if (next == null || !next.hasConsole() || next.getPosition() > newPosition) {
      return NOTHING;
    }
    if (next.getPosition() < newPosition || next.getConsole().getBytes().size() != 1) {
      throw missing("no console byte at " + next.getPosition(), next);
    }
    inputs.take();
    return next.getConsole().getBytes().byteAt(0) & 0xFF;
  }

  @Override
  public boolean awaitConsole(long newPosition) {
    Input next = peek();
    return next != null && next.hasConsole() && next.getPosition() == newPosition;
  }

  private @Nullable Input peek() {
    try {
      return inputs.peek();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DivergenceFound missing(String asked, @Nullable Input next) {
    return new DivergenceFound(
        new ReplayResult.Diverged(
            position,
            0,
            "input",
            next == null ? "no further input" : describe(next),
            "the machine asks for " + asked,
            List.of()));
  }

  private static String describe(Input input) {
    return switch (input.getKindCase()) {
      case CONSOLE -> "console input at position " + input.getPosition();
      case CLOCK -> "the real-time clock";
      case ENTROPY -> "entropy at position " + input.getPosition();
      case INJECTION, OTHER, KIND_NOT_SET -> "another input at position " + input.getPosition();
    };
  }
}
