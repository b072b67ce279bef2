package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.HaltEvent;
import dev.backstep.recorder.ControlScript.Moment;
import dev.backstep.recorder.ControlScript.Step;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlScriptTest {
  private static final Event HALT =
      Event.newBuilder().setHalt(HaltEvent.getDefaultInstance()).build();

  private static Step at(long position, int id) {
    return new Step(new ControlCall.CreateVcpu(id), new Moment.At(position));
  }

  private static Step whenHalted(int id) {
    return new Step(new ControlCall.CreateVcpu(id), new Moment.When("kind:halt", Event::hasHalt));
  }

  @Test
  void anEventMakesOnlyTheNextStepDueAndEndsTheTurn() {
    ControlScript script = new ControlScript(List.of(whenHalted(1), whenHalted(2)));
    int[] left = {0};
    script.connect(() -> left[0]++);
    script.heard(HALT);
    script.heard(HALT);
    assertEquals(1, left[0], "the second event came while the first step waited");
    assertEquals(new ControlCall.CreateVcpu(1), script.due(0));
    script.made();
    assertNull(script.due(1_000_000));
    script.heard(HALT);
    assertEquals(2, left[0]);
    assertEquals(3, script.dueAfterEvents().orElseThrow());
    assertEquals(new ControlCall.CreateVcpu(2), script.due(0));
  }

  @Test
  void aPositionInThePastIsDueAtOnce() {
    ControlScript script = new ControlScript(List.of(whenHalted(1), at(10, 2)));
    assertEquals(Long.MAX_VALUE, script.nextPosition());
    assertNull(script.due(50));
    script.heard(HALT);
    script.made();
    assertEquals(10, script.nextPosition());
    assertEquals(new ControlCall.CreateVcpu(2), script.due(50));
    assertTrue(script.dueAfterEvents().isEmpty());
  }

  @Test
  void tellsOfTheStepsThatWereNotMade() {
    ControlScript script = new ControlScript(List.of(at(0, 1), whenHalted(2), at(99, 3)));
    assertTrue(script.hasConditions());
    script.made();
    assertEquals(List.of(whenHalted(2).text(), at(99, 3).text()), texts(script));
    assertEquals("create-vcpu,id=2,when=kind:halt", whenHalted(2).text());
    assertEquals("create-vcpu,id=3,at=99", at(99, 3).text());
    assertFalse(new ControlScript(List.of(at(1, 1))).hasConditions());
    assertTrue(ControlScript.none().isEmpty());
  }

  private static List<String> texts(ControlScript script) {
    return script.open().stream().map(Step::text).toList();
  }
}
