package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.backstep.emulator.input.ExternalInputs;
import dev.backstep.proto.v1.Input;
import java.util.ArrayList;
import java.util.List;
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
}
