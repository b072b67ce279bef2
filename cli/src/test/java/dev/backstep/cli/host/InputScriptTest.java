package dev.backstep.cli.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.cli.command.CliException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputScriptTest {
  @TempDir private Path folder = Path.of("unset");

  private InputScript script(String text) throws IOException {
    return InputScript.read(Files.writeString(folder.resolve("script"), text));
  }

  private static String typed(InputScript script, long position) {
    StringBuilder text = new StringBuilder();
    for (int b = script.poll(position); b != TypedInput.NOTHING; b = script.poll(position)) {
      text.append((char) b);
    }
    return text.toString();
  }

  @Test
  void answersAPromptOnceItWasPrinted() throws Exception {
    InputScript script = script("after \"login: \" send \"root\\n\"\n");
    assertEquals("", typed(script, 0));
    script.printed("log".getBytes(StandardCharsets.UTF_8));
    assertEquals("", typed(script, 0));
    script.printed("in: ".getBytes(StandardCharsets.UTF_8));
    assertEquals("root\n", typed(script, 0));
    assertEquals("", typed(script, 0));
  }

  @Test
  void typesAtAPosition() throws Exception {
    InputScript script = script("# comment\n\nat 100 send \"\\x03\\\"\"\n");
    assertEquals("", typed(script, 99));
    assertEquals("\u0003\"", typed(script, 100));
    assertFalse(script.await(200));
  }

  @Test
  void awaitsOnlyWhatIsDue() throws Exception {
    InputScript script = script("at 100 send \"a\"\n");
    assertFalse(script.await(50));
    assertTrue(script.await(100));
  }

  @Test
  void badLinesAreNamedByTheirNumber() {
    CliException e = assertThrows(CliException.class, () -> script("at 5 send \"ok\"\nnonsense\n"));
    assertTrue(String.valueOf(e.getMessage()).contains("script:2:"), e.getMessage());
  }

  @Test
  void badEscapesAreRefused() {
    assertThrows(CliException.class, () -> script("at 5 send \"\\q\"\n"));
    assertThrows(CliException.class, () -> script("at 5 send \"\\x4\"\n"));
  }
}
