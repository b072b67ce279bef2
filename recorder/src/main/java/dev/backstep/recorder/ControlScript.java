package dev.backstep.recorder;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.proto.v1.Event;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The requests to the hypervisor that a run is to make, and when.
///
/// Steps are made in their order: one whose moment has come waits until those before it were made,
/// and an event that happens while they wait is none for it. A request is made between two turns of
/// the machine; an event that makes one due ends the turn after the instruction that brought it.
///
/// Serves one run, on the machine's thread.
public final class ControlScript {
  /// When a step is due.
  public sealed interface Moment {
    /// When so many instructions were retired, or at once if they were before.
    record At(long position) implements Moment {}

    /// When an event first meets a condition.
    ///
    /// @param query the condition as text
    record When(String query, Predicate<Event> condition) implements Moment {}
  }

  /// A request and its moment.
  public record Step(ControlCall call, Moment moment) {
    /// As `--inject` has it.
    public String text() {
      return switch (moment) {
        case Moment.At(long position) -> call.text() + ",at=" + Long.toUnsignedString(position);
        case Moment.When(String query, _) -> call.text() + ",when=" + query;
      };
    }
  }

  private static final long NOT_DUE = -1;

  private final List<Step> all;
  private final Deque<Step> open;
  private Runnable leaveTurn = () -> {};
  private long events;
  private long dueAfterEvents = NOT_DUE;

  public ControlScript(List<Step> steps) {
    all = List.copyOf(steps);
    open = new ArrayDeque<>(all);
  }

  /// No requests.
  public static ControlScript none() {
    return new ControlScript(List.of());
  }

  public boolean isEmpty() {
    return all.isEmpty();
  }

  /// Whether a step waits for an event, so that the script must hear of all of them.
  public boolean hasConditions() {
    return all.stream().anyMatch(step -> step.moment() instanceof Moment.When);
  }

  /// Every step as `--inject` has it.
  public List<String> texts() {
    return all.stream().map(Step::text).toList();
  }

  /// The steps that were not made, in their order.
  public List<Step> open() {
    return new ArrayList<>(open);
  }

  /// Says how to end the running turn, so that a request is made as soon as it is due.
  public void connect(Runnable newLeaveTurn) {
    leaveTurn = newLeaveTurn;
  }

  /// An event happened. Of a script with conditions, every event of the run must come here.
  public void heard(Event event) {
    events++;
    if (dueAfterEvents == NOT_DUE
        && open.peek() instanceof Step(_, Moment.When(_, Predicate<Event> condition))
        && condition.test(event)) {
      dueAfterEvents = events;
      leaveTurn.run();
    }
  }

  /// Whether the next request is due.
  boolean isDue(long position) {
    Step step = open.peek();
    return step != null
        && switch (step.moment()) {
          case Moment.At(long at) -> Long.compareUnsigned(at, position) <= 0;
          case Moment.When _ -> dueAfterEvents != NOT_DUE;
        };
  }

  /// The request that is due now and not made yet, or null.
  @Nullable ControlCall due(long position) {
    return isDue(position) ? open.element().call() : null;
  }

  /// After how many events the next request became due, if an event made it so.
  OptionalLong dueAfterEvents() {
    return dueAfterEvents == NOT_DUE ? OptionalLong.empty() : OptionalLong.of(dueAfterEvents);
  }

  /// The request that is due is being made.
  void made() {
    open.remove();
    dueAfterEvents = NOT_DUE;
  }

  /// The position at which the next request will be due, [Long#MAX_VALUE] if none is known.
  long nextPosition() {
    return open.peek() instanceof Step(_, Moment.At(long at)) ? at : Long.MAX_VALUE;
  }
}
