package dev.backstep.cli.scenario;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;

/// A mapping whose keys are texts, each there once.
///
/// @param tree words mistakes
/// @param start where it begins
/// @param values by their keys, in the order of the file
record YamlMapping(YamlTree tree, Optional<Mark> start, Map<String, Node> values) {
  static YamlMapping of(YamlTree tree, MappingNode node) throws ScenarioException {
    Map<String, Node> values = new LinkedHashMap<>();
    for (NodeTuple entry : node.getValue()) {
      if (!(entry.getKeyNode() instanceof ScalarNode key)) {
        throw tree.at(entry.getKeyNode().getStartMark(), "a key is a word");
      }
      if (values.put(key.getValue(), entry.getValueNode()) != null) {
        throw tree.at(key.getStartMark(), Shown.brief(key.getValue()) + " is given twice");
      }
    }
    return new YamlMapping(tree, node.getStartMark(), values);
  }

  Set<String> keys() {
    return values.keySet();
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  /// The value of a key, null if it is not there.
  @Nullable String text(String key) throws ScenarioException {
    Node value = values.get(key);
    return value == null ? null : text(key, value);
  }

  /// A value that must be a single word, number or text.
  String text(String key, Node value) throws ScenarioException {
    if (value instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw tree.at(value.getStartMark(), key + ": give one value, not a list or mapping");
  }

  /// A mistake in the value of a key, or in the mapping if the key is not there.
  ScenarioException wrong(String key, String message) {
    Node value = values.get(key);
    return tree.at(value == null ? start : value.getStartMark(), message);
  }
}
