package dev.backstep.emulator.coverage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// A page of `docs` of which some sections are made by a program: those between the lines `<!--
/// generated: NAME -->` and `<!-- end -->`.
public final class GeneratedPage {
  /// Set to `write`, the tests write the sections instead of comparing them.
  private static final String PROPERTY = "backstep.pages";

  private static final String COMMAND =
      "mvn -q -pl emulator test -Dtest='*PageTest' -D" + PROPERTY + "=write";

  private GeneratedPage() {}

  /// Fails unless the committed page holds `sections`.
  public static void check(String name, Map<String, String> sections) throws IOException {
    Path page = Path.of("..", "docs", name);
    String committed = Files.readString(page);
    String made = committed;
    for (Map.Entry<String, String> section : sections.entrySet()) {
      made = replaced(name, made, section.getKey(), section.getValue());
    }
    if ("write".equals(System.getProperty(PROPERTY))) {
      Files.writeString(page, made);
      return;
    }
    assertEquals(made, committed, "docs/" + name + " is stale; write it anew with: " + COMMAND);
  }

  private static String replaced(String page, String text, String section, String content) {
    String begin = "<!-- generated: " + section + " -->\n";
    int from = text.indexOf(begin);
    int to = text.indexOf("<!-- end -->", from);
    assertTrue(from >= 0 && to >= 0, "docs/" + page + " has no section " + section);
    return text.substring(0, from + begin.length()) + content + text.substring(to);
  }
}
