package dev.backstep.replay;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.control.ControlSyntaxException;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.emulator.machine.Machine;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.v1.ConsoleInput;
import dev.backstep.proto.v1.InjectionInput;
import dev.backstep.proto.v1.Input;
import dev.backstep.recorder.InputTranslation;
import dev.backstep.replay.ReplayResult.Diverged;
import dev.backstep.replay.listing.EventText;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Answers what the machine asks of the outside from the journal. A question to which the journal
/// has no answer is a divergence; the machine then gets one that does no harm.
final class JournalInputs implements ExternalInputs {
  private static final long NEVER = -1;

  private final JournalCursor<Input> inputs;

  /// The requests among the inputs, looked at ahead of time: each ends a turn.
  private final JournalCursor<Input> requests;

  private final int mostRequests;

  private final FirstDivergence divergence;
  private Runnable leaveTurn = () -> {};
  private long events;
  private long leaveAfterEvents = NEVER;
  private LongSupplier position = () -> 0;
  private LongSupplier turn = () -> 0;

  /// @param mostRequests how many requests to the hypervisor can have been recorded: behind the
  ///   last one nobody looks through the rest of the journal for another
  JournalInputs(RecentChunks chunks, FirstDivergence divergence, int mostRequests) {
    this.inputs = new JournalCursor<>(chunks, DecodedChunk::inputs);
    this.requests = new JournalCursor<>(chunks, JournalInputs::requestsOf);
    this.mostRequests = mostRequests;
    this.divergence = divergence;
  }

  private static List<Input> requestsOf(DecodedChunk chunk) throws IOException {
    return chunk.inputs().stream().filter(Input::hasInjection).toList();
  }

  /// Says who knows the moment, once it is built.
  void connect(Machine machine) {
    position = machine::position;
    turn = machine::turns;
    leaveTurn = machine::leaveTurn;
  }

  /// An event happened: the recorded run may have ended its turn here.
  void eventHappened() {
    events++;
    if (events == leaveAfterEvents) {
      leaveTurn.run();
    }
  }

  /// Whether `input` is a request that was due when the recorded machine stopped: nobody made it.
  boolean isUnmade(Input input) {
    return input.hasInjection() && input.getInjection().getTurn() == turn.getAsLong() + 1;
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
  public @Nullable ControlCall controlCall(long newPosition) {
    Input next = inputs.peek();
    if (next == null
        || !next.hasInjection()
        || Long.compareUnsigned(next.getInjection().getTurn(), turn.getAsLong()) > 0) {
      return null;
    }
    ControlCall call = parsed(next);
    Input asked =
        InputTranslation.request(
            newPosition, turn.getAsLong(), call, dueAfter(next.getInjection()));
    if (!taken(next, asked)) {
      return null;
    }
    if (next.equals(nextRequest())) {
      requests.take();
    }
    return call;
  }

  private @Nullable Input nextRequest() {
    return requests.taken() < mostRequests ? requests.peek() : null;
  }

  /// What made it due must have happened.
  private OptionalLong dueAfter(InjectionInput request) {
    long after = request.getAfterEvents();
    return request.hasAfterEvents()
        ? OptionalLong.of(Long.compareUnsigned(after, events) <= 0 ? after : events)
        : OptionalLong.empty();
  }

  private static ControlCall parsed(Input input) {
    try {
      return ControlCall.parse(input.getInjection().getSpecification());
    } catch (ControlSyntaxException e) {
      String message =
          "position %s: the journal holds a request to the hypervisor that cannot be read: %s"
              .formatted(Long.toUnsignedString(input.getPosition()), e.getMessage());
      throw new UncheckedIOException(new IOException(message, e));
    }
  }

  @Override
  public long nextControlPosition() {
    Input next = nextRequest();
    leaveAfterEvents =
        next != null && next.getInjection().hasAfterEvents()
            ? next.getInjection().getAfterEvents()
            : NEVER;
    return next == null || leaveAfterEvents != NEVER ? Long.MAX_VALUE : next.getPosition();
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
          case INJECTION -> describe(input.getInjection());
          case OTHER, KIND_NOT_SET -> "an input that this version does not know";
        };
    return what + " at position " + Long.toUnsignedString(input.getPosition());
  }

  private static String describe(InjectionInput request) {
    String after =
        request.hasAfterEvents()
            ? ", after " + Long.toUnsignedString(request.getAfterEvents()) + " events"
            : "";
    return "the request %s to the hypervisor in turn %s%s"
        .formatted(
            EventText.quoted(request.getSpecificationBytes()),
            Long.toUnsignedString(request.getTurn()),
            after);
  }
}
