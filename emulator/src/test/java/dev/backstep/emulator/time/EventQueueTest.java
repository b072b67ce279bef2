package dev.backstep.emulator.time;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventQueueTest {
  private final EventQueue queue = new EventQueue();
  private final List<String> fired = new ArrayList<>();

  private EventQueue.Timer timer(String name) {
    return queue.newTimer(() -> fired.add(name));
  }

  @Test
  void firesInOrderOfTimeAndThenOfArming() {
    timer("late").armAt(20);
    timer("first of ten").armAt(10);
    timer("second of ten").armAt(10);
    queue.fireDue(15);
    assertEquals(List.of("first of ten", "second of ten"), fired);
    assertEquals(20, queue.nextNs());
  }

  @Test
  void cancelledTimerDoesNotFire() {
    EventQueue.Timer t = timer("cancelled");
    t.armAt(5);
    t.cancel();
    queue.fireDue(10);
    assertEquals(List.of(), fired);
    assertEquals(EventQueue.NEVER, queue.nextNs());
    assertFalse(t.isArmed());
  }

  @Test
  void rearmingMovesTheDeadline() {
    EventQueue.Timer t = timer("moved");
    t.armAt(5);
    t.armAt(30);
    queue.fireDue(10);
    assertEquals(List.of(), fired);
    queue.fireDue(30);
    assertEquals(List.of("moved"), fired);
  }

  @Test
  void timerThatArmsItselfWithinTheDueTimeFiresAgainAtOnce() {
    EventQueue.Timer[] self = new EventQueue.Timer[1];
    self[0] =
        queue.newTimer(
            () -> {
              fired.add("tick");
              if (fired.size() < 3) {
                self[0].armAt(fired.size() * 2L);
              }
            });
    self[0].armAt(1);
    queue.fireDue(10);
    assertEquals(List.of("tick", "tick", "tick"), fired);
  }

  @Test
  void tellsTheWatchOfEveryDeadline() {
    List<Long> deadlines = new ArrayList<>();
    queue.watch(deadlines::add);
    timer("a").armAt(7);
    timer("b").armAt(3);
    assertEquals(List.of(7L, 3L), deadlines);
  }
}
