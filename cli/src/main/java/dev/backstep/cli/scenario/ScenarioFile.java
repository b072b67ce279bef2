package dev.backstep.cli.scenario;

import dev.backstep.emulator.control.ControlCall;
import dev.backstep.emulator.control.ControlSyntaxException;
import dev.backstep.recorder.ControlScript.Step;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// Reads scenario files: a list of steps in YAML. docs/scenarios.md describes them.
final class ScenarioFile {
  private static final int MOST_BYTES = 256 << 10;

  private final YamlTree tree;

  private ScenarioFile(String name) {
    this.tree = new YamlTree(name, MOST_BYTES);
  }

  /// Reads a file.
  ///
  /// @throws ScenarioException if it is no scenario
  /// @throws IOException if it cannot be read
  static List<Step> read(Path file) throws IOException, ScenarioException {
    if (!Files.isRegularFile(file)) {
      throw new ScenarioException(file + ": no such file");
    }
    if (Files.size(file) > MOST_BYTES) {
      throw new ScenarioException(
          file + ": larger than " + (MOST_BYTES >> 10) + " KiB: too much for a scenario");
    }
    return parse(file.toString(), Files.readAllBytes(file));
  }

  /// @param name of the file, for messages
  static List<Step> parse(String name, byte[] bytes) throws ScenarioException {
    ScenarioFile file = new ScenarioFile(name);
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ScenarioException(name + ": this is not text in UTF-8");
    }
    return file.steps(file.tree.read(text));
  }

  private List<Step> steps(Optional<Node> root) throws ScenarioException {
    if (root.isEmpty()) {
      throw tree.at(Optional.empty(), "there are no steps in it; write a list: - at: 1000 ...");
    }
    if (!(root.get() instanceof SequenceNode list)) {
      throw tree.at(root.get().getStartMark(), "write a list of steps: - at: 1000 ...");
    }
    List<Step> steps = new ArrayList<>();
    for (Node node : list.getValue()) {
      if (!(node instanceof MappingNode mapping)) {
        throw tree.at(node.getStartMark(), "a step is a mapping: at or when, call, its arguments");
      }
      steps.add(step(mapping));
    }
    return steps;
  }

  private Step step(MappingNode mapping) throws ScenarioException {
    YamlMapping step = YamlMapping.of(tree, mapping);
    String name = step.text("call");
    if (name == null) {
      throw tree.at(mapping.getStartMark(), "call is missing: which request is to be made?");
    }
    if (!ControlCall.names().contains(name)) {
      throw step.wrong(
          "call",
          "there is no request %s; there are %s"
              .formatted(Shown.brief(name), String.join(", ", ControlCall.names())));
    }
    StepArguments arguments = StepArguments.of(tree, name, step);
    try {
      return new Step(
          ControlCall.of(name, arguments.list()),
          StepText.moment(step.text(Moments.AT), step.text(Moments.WHEN)));
    } catch (ControlSyntaxException e) {
      throw arguments.wrong(e, mapping.getStartMark());
    } catch (IllegalArgumentException e) {
      String key = step.has(Moments.WHEN) ? Moments.WHEN : Moments.AT;
      throw step.wrong(key, String.valueOf(e.getMessage()));
    }
  }
}
