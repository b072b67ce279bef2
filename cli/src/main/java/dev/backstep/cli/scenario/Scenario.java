package dev.backstep.cli.scenario;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.recorder.ControlScript;
import dev.backstep.recorder.ControlScript.Step;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Reads what `--inject` gives: a step each, or a file of steps.
public final class Scenario {
  private Scenario() {}

  /// The script of a run.
  ///
  /// @param specifications each a step in one line, `@FILE`, or the name of a file that ends in
  ///   `.yaml` or `.yml`
  /// @throws ScenarioException one line that says what is wrong and what would be right
  /// @throws IOException if a file cannot be read
  public static ControlScript read(List<String> specifications)
      throws IOException, ScenarioException {
    List<Step> steps = new ArrayList<>();
    for (String specification : specifications) {
      if (specification.startsWith("@")) {
        steps.addAll(file(specification.substring(1)));
      } else if (isFileName(specification)) {
        steps.addAll(file(specification));
      } else {
        steps.add(step(specification));
      }
    }
    return new ControlScript(steps);
  }

  private static List<Step> file(String name) throws IOException, ScenarioException {
    try {
      return ScenarioFile.read(Path.of(name));
    } catch (InvalidPathException e) {
      throw new ScenarioException("--inject @" + Shown.brief(name) + ": this is no file name");
    }
  }

  private static boolean isFileName(String text) {
    int comma = text.indexOf(',');
    String call = comma < 0 ? text : text.substring(0, comma);
    return !ControlCall.names().contains(call) && (text.endsWith(".yaml") || text.endsWith(".yml"));
  }

  private static Step step(String text) throws ScenarioException {
    try {
      return StepText.parse(text);
    } catch (IllegalArgumentException e) {
      throw new ScenarioException("--inject " + Shown.brief(text) + ": " + e.getMessage());
    }
  }
}
