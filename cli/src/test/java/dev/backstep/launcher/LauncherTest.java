package dev.backstep.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LauncherTest {
  private static final Path ROOT = Path.of("..");

  @Test
  void startsTheProgramWithTheOptionsThatTheTestsRunWith() throws IOException {
    List<String> tests = words("pom.xml", "<jvm.options>(.*?)</jvm.options>");
    List<String> launcher = words("backstep", "JVM_OPTIONS='(.*?)'");
    assertEquals(tests, launcher);
  }

  @Test
  void asksForTheJavaThatTheClassesAreFor() throws IOException {
    assertEquals(
        words("pom.xml", "<java.release>(.*?)</java.release>"),
        words("backstep", "JAVA_FEATURE=([0-9]+)"));
  }

  @Test
  void launchersCanBeExecuted() {
    assertTrue(Files.isExecutable(ROOT.resolve("backstep")));
    assertTrue(Files.isExecutable(ROOT.resolve("backstep-qemu")));
  }

  private static List<String> words(String file, String regex) throws IOException {
    String text = Files.readString(ROOT.resolve(file));
    Matcher matcher = Pattern.compile(regex, Pattern.DOTALL).matcher(text);
    assertTrue(matcher.find(), () -> file + " has no " + regex);
    return List.of(matcher.group(1).strip().split("\\s+", -1));
  }
}
