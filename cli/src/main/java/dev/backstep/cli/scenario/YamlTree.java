package dev.backstep.cli.scenario;

import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/// Reads YAML as a tree of texts. Nothing is made of any type that the text names; what could
/// unfold or nest without bound (aliases, anchors, tags, depth) is refused before the tree is
/// built.
final class YamlTree {
  private static final int DEEPEST = 8;

  private final String file;
  private final LoadSettings settings;

  /// @param file its name, for messages
  /// @param mostCharacters that a text may have
  YamlTree(String file, int mostCharacters) {
    this.file = file;
    this.settings =
        LoadSettings.builder()
            .setLabel(file)
            .setUseMarks(true)
            .setCodePointLimit(mostCharacters)
            .setMaxAliasesForCollections(0)
            // Refused with its line where keys are read.
            .setAllowNonScalarKeys(true)
            .build();
  }

  /// The one document of a text; empty if there is none.
  Optional<Node> read(String text) throws ScenarioException {
    try {
      int depth = 0;
      for (Event event : new Parse(settings).parseString(text)) {
        require(event);
        depth += event instanceof CollectionStartEvent ? 1 : 0;
        depth -= event instanceof CollectionEndEvent ? 1 : 0;
        if (depth > DEEPEST) {
          throw at(event.getStartMark(), "more than " + DEEPEST + " levels within one another");
        }
      }
      return new Compose(settings).composeString(text);
    } catch (MarkedYamlEngineException e) {
      throw at(e.getProblemMark(), "this is not YAML: " + e.getProblem());
    } catch (YamlEngineException e) {
      throw at(Optional.empty(), "this is not YAML: " + e.getMessage());
    }
  }

  private void require(Event event) throws ScenarioException {
    boolean tagged =
        switch (event) {
          case ScalarEvent scalar -> scalar.getTag().isPresent();
          case CollectionStartEvent collection -> collection.getTag().isPresent();
          default -> false;
        };
    if (tagged) {
      throw at(event.getStartMark(), "tags (!name) mean nothing here; leave it out");
    }
    if (event instanceof AliasEvent
        || event instanceof NodeEvent node && node.getAnchor().isPresent()) {
      throw at(
          event.getStartMark(),
          "anchors and aliases (&name, *name) mean nothing here; write it out");
    }
  }

  /// A mistake at a place of the file.
  ScenarioException at(Optional<Mark> mark, String message) {
    String place = mark.map(m -> file + ":" + (m.getLine() + 1)).orElse(file);
    return new ScenarioException(place + ": " + message.strip().replaceAll("\\s*\\R\\s*", " "));
  }
}
