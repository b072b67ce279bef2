package dev.backstep.cli.command;

import dev.backstep.cli.scenario.Scenario;
import dev.backstep.cli.scenario.ScenarioException;
import dev.backstep.recorder.ControlScript;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/// The requests to the hypervisor that a run makes.
public final class InjectOptions {
  @Option(
      names = "--inject",
      paramLabel = "SPEC",
      description =
          "ask something of the hypervisor: CALL,key=value…,at=POSITION or …,when=QUERY, or a file"
              + " of such steps, @FILE or FILE.yaml; on platforms with KVM")
  private List<String> specifications = new ArrayList<>();

  /// The script, for one run.
  public ControlScript script() throws IOException {
    try {
      return Scenario.read(specifications);
    } catch (ScenarioException e) {
      throw CliException.usage(String.valueOf(e.getMessage()));
    }
  }
}
