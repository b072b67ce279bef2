package dev.backstep.cli.scenario;

import dev.backstep.emulator.control.ControlCall.Argument;
import dev.backstep.emulator.control.ControlSyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/// The arguments of a step's request, gathered from the file's structures into one list as a text
/// has them, with the place of each.
final class StepArguments {
  private static final Set<String> OTHERS = Set.of(Moments.AT, Moments.WHEN, "call");

  private final YamlTree tree;
  private final String call;
  private final Map<String, String> textKeys;
  private final List<Argument> arguments = new ArrayList<>();
  private final Map<String, Place> places = new LinkedHashMap<>();

  /// Where an argument stands, and its key there.
  private record Place(String key, Optional<Mark> mark) {}

  private StepArguments(YamlTree tree, String call) {
    this.tree = tree;
    this.call = call;
    this.textKeys = RequestKeys.of(call);
  }

  /// @param call name of a request
  static StepArguments of(YamlTree tree, String call, YamlMapping step) throws ScenarioException {
    StepArguments arguments = new StepArguments(tree, call);
    for (String key : step.keys()) {
      if (!OTHERS.contains(key)) {
        arguments.add("", key, step);
      }
    }
    return arguments;
  }

  List<Argument> list() {
    return List.copyOf(arguments);
  }

  /// @param structure that the key is a member of; empty at the top of the step
  private void add(String structure, String key, YamlMapping mapping) throws ScenarioException {
    String path = structure.isEmpty() ? key : structure + "." + key;
    Node value = mapping.values().get(key);
    if (value == null || !RequestKeys.within(call, structure).contains(key)) {
      throw mapping.wrong(
          key,
          "%s: %s has no %s; it has %s"
              .formatted(
                  Shown.brief(path),
                  structure.isEmpty() ? call : structure,
                  Shown.brief(key),
                  String.join(", ", RequestKeys.within(call, structure))));
    }
    if (!RequestKeys.isStructure(call, path)) {
      addOne(path, mapping.text(path, value), value.getStartMark());
    } else if (path.equals(RequestKeys.ENTRIES)) {
      addEntries(value);
    } else {
      addMembers(path, value);
    }
  }

  private void addMembers(String structure, Node value) throws ScenarioException {
    if (!(value instanceof MappingNode mapping)) {
      throw tree.at(value.getStartMark(), structure + ": give its members, as {injected: true}");
    }
    YamlMapping members = YamlMapping.of(tree, mapping);
    for (String key : members.keys()) {
      add(structure, key, members);
    }
  }

  /// An entry begins with its leaf, wherever that stands in the file.
  private void addEntries(Node value) throws ScenarioException {
    if (!(value instanceof SequenceNode entries)) {
      throw tree.at(value.getStartMark(), "entries: give a list, as [{leaf: 7, ebx: 0x40}]");
    }
    for (Node entry : entries.getValue()) {
      int begin = arguments.size();
      addMembers(RequestKeys.ENTRIES, entry);
      for (int k = begin + 1; k < arguments.size(); k++) {
        if (arguments.get(k).key().equals("leaf")) {
          arguments.add(begin, arguments.remove(k));
        }
      }
      if (begin == arguments.size() || !arguments.get(begin).key().equals("leaf")) {
        throw tree.at(entry.getStartMark(), "entries: leaf is missing");
      }
    }
  }

  private void addOne(String path, String value, Optional<Mark> mark) {
    String key = String.valueOf(textKeys.get(path));
    String text =
        switch (value) {
          case "true" -> "on";
          case "false" -> "off";
          default -> value;
        };
    arguments.add(new Argument(key, text));
    places.put(key, new Place(path, mark));
  }

  /// A mistake in the request, said at the line of the argument that is wrong.
  ///
  /// @param step where the step begins, for what is missing
  ScenarioException wrong(ControlSyntaxException e, Optional<Mark> step) {
    Place place = places.get(e.key());
    return place == null
        ? tree.at(step, String.valueOf(e.getMessage()))
        : tree.at(place.mark, place.key + ": " + e.getMessage());
  }
}
