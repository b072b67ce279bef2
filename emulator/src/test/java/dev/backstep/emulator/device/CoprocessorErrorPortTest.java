package dev.backstep.emulator.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.bus.InterruptLine;
import dev.backstep.emulator.bus.NumericErrorPins.Answer;
import org.junit.jupiter.api.Test;

class CoprocessorErrorPortTest {
  private static final int PORT = CoprocessorErrorPort.PORT;

  private static final class Line implements InterruptLine {
    boolean high;

    @Override
    public void raise() {
      high = true;
    }

    @Override
    public void lower() {
      high = false;
    }
  }

  private final Line line = new Line();
  private final CoprocessorErrorPort port = new CoprocessorErrorPort(line);

  @Test
  void errorRaisesTheLineAndFreezesUntilThePortIsWritten() {
    port.errorAsserted(0);
    assertTrue(line.high);
    assertEquals(Answer.FREEZE, port.answer(0));
    port.write(PORT, 1, 0);
    assertFalse(line.high);
    assertEquals(Answer.IGNORE, port.answer(0));
  }

  @Test
  void nextErrorIsNotIgnored() {
    port.errorAsserted(0);
    port.write(PORT, 1, 0);
    port.errorAsserted(0);
    assertTrue(line.high);
    assertEquals(Answer.FREEZE, port.answer(0));
  }

  @Test
  void writeWithoutAnErrorIgnoresNothing() {
    port.write(PORT, 1, 0);
    assertEquals(Answer.FREEZE, port.answer(0));
  }

  @Test
  void pinsOfApplicationProcessorsAreNotConnected() {
    port.errorAsserted(1);
    assertFalse(line.high);
    port.errorAsserted(0);
    port.write(PORT, 1, 0);
    assertEquals(Answer.FREEZE, port.answer(1));
  }

  @Test
  void readsAllOnes() {
    assertEquals(0xFF, port.read(PORT, 1));
  }
}
