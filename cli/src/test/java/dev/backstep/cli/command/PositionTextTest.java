package dev.backstep.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PositionTextTest {
  private static final long END = 2000;

  @Test
  void numbersPercentagesAndTheEndAreUnderstood() {
    assertEquals(123, PositionText.parse("123", END));
    assertEquals(0x10, PositionText.parse("0x10", END));
    assertEquals(1000, PositionText.parse("50%", END));
    assertEquals(2000, PositionText.parse("100%", END));
    assertEquals(2000, PositionText.parse("end", END));
    assertEquals(1900, PositionText.parse("end-100", END));
    assertEquals(0, PositionText.parse("end-5000", END));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-5", "x", "101%", "-1%", "end+1", "end-", "%", "0x"})
  void anythingElseIsWrongUsage(String text) {
    CliException e = assertThrows(CliException.class, () -> PositionText.parse(text, END));
    assertEquals(2, e.exitStatus());
  }
}
