package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.HaltEvent;
import dev.backstep.proto.v1.Input;
import dev.backstep.recorder.ControlScript.Moment;
import dev.backstep.recorder.ControlScript.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class RecordingInputsTest {
  /// A machine at position 1,000 in its turn 77.
  private static final class Log implements InputLog {
    private final List<Input> inputs = new ArrayList<>();
    private int waits;

    @Override
    public void input(Input input) {
      inputs.add(input);
    }

    @Override
    public long position() {
      return 1_000;
    }

    @Override
    public long turn() {
      return 77;
    }

    @Override
    public void waiting() {
      waits++;
    }
  }

  private static final class Source implements ExternalInputs {
    @Override
    public long realTimeClockSeconds() {
      return 123;
    }

    @Override
    public long entropy() {
      return -5;
    }

    @Override
    public int consoleByte(long position) {
      return position == 900 ? 0xFF : NOTHING;
    }

    @Override
    public boolean awaitConsole(long position) {
      return false;
    }
  }

  @Test
  void logsEveryAnswerWithTheMomentOfTheQuestion() {
    RecordingInputs inputs = new RecordingInputs(new Source(), ControlScript.none());
    assertEquals(123, inputs.realTimeClockSeconds());
    Log log = new Log();
    inputs.connect(log);
    assertEquals(ExternalInputs.NOTHING, inputs.consoleByte(800));
    assertEquals(0xFF, inputs.consoleByte(900));
    assertEquals(-5, inputs.entropy());
    assertFalse(inputs.awaitConsole(1_000));
    assertEquals(
        List.of(
            InputTranslation.clock(123),
            InputTranslation.console(900, 77, 0xFF),
            InputTranslation.entropy(1_000, -5)),
        log.inputs);
    assertEquals(1, log.waits);
  }

  @Test
  void logsRequestsWithWhatMadeThemDue() {
    ControlCall first = ControlCall.parse("get-vcpu-events,vcpu=3");
    ControlCall second = ControlCall.parse("create-vcpu,id=9");
    ControlScript script =
        new ControlScript(
            List.of(
                new Step(first, new Moment.At(500)),
                new Step(second, new Moment.When("halt", Event::hasHalt))));
    RecordingInputs inputs = new RecordingInputs(new Source(), script);
    Log log = new Log();
    inputs.connect(log);
    assertTrue(inputs.hasControlCalls());
    assertEquals(500, inputs.nextControlPosition());
    assertNull(inputs.controlCall(499));
    assertEquals(first, inputs.controlCall(500));
    assertEquals(Long.MAX_VALUE, inputs.nextControlPosition());
    script.heard(Event.getDefaultInstance());
    assertNull(inputs.controlCall(900));
    script.heard(Event.newBuilder().setHalt(HaltEvent.getDefaultInstance()).build());
    assertEquals(second, inputs.controlCall(900));
    assertNull(inputs.controlCall(900));
    assertEquals(
        List.of(
            InputTranslation.request(500, 77, first, OptionalLong.empty()),
            InputTranslation.request(900, 77, second, OptionalLong.of(2))),
        log.inputs);
    assertEquals(3, log.inputs.getFirst().getInjection().getVcpu());
  }
}
