package dev.backstep.cli.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.backstep.emulator.control.ControlCall;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What is written about scenarios holds: the page, its schema, and the files beside it.
class ScenarioDocumentationTest {
  private static final Path DOCS = Path.of("../docs");
  private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);
  private static final Pattern INJECT = Pattern.compile("--inject '([^']*)'");

  private static List<String> found(Pattern pattern) throws IOException {
    List<String> found = new ArrayList<>();
    Matcher matcher = pattern.matcher(Files.readString(DOCS.resolve("scenarios.md")));
    while (matcher.find()) {
      found.add(matcher.group(1));
    }
    return found;
  }

  @Test
  void theExamplesOfThePageCanBeRead() throws Exception {
    Set<String> calls = new TreeSet<>();
    for (String example : found(YAML)) {
      ScenarioFile.parse("example", example.getBytes(StandardCharsets.UTF_8))
          .forEach(step -> calls.add(step.call().name()));
    }
    assertEquals(new TreeSet<>(ControlCall.names()), calls, "one example of each");
    List<String> texts = found(INJECT);
    assertTrue(texts.size() >= 3, texts.toString());
    for (String text : texts) {
      StepText.parse(text);
    }
  }

  @Test
  void theScenariosOfTheErrataCanBeRead() throws Exception {
    try (Stream<Path> files = Files.list(DOCS.resolve("errata/scenarios"))) {
      for (Path file : files.toList()) {
        assertTrue(ScenarioFile.read(file).size() > 0, file.toString());
      }
    }
  }

  private static JsonObject definitions() throws IOException {
    String text = Files.readString(DOCS.resolve("scenario.schema.json"));
    return JsonParser.parseString(text).getAsJsonObject().getAsJsonObject("$defs");
  }

  private static Set<String> keys(JsonElement object) {
    return new TreeSet<>(object.getAsJsonObject().getAsJsonObject("properties").keySet());
  }

  @Test
  void theSchemaHasTheKeysOfTheParser() throws Exception {
    JsonObject definitions = definitions();
    for (String call : ControlCall.names()) {
      JsonObject step = definitions.getAsJsonObject(call);
      assertEquals(keys(step, call, ""), keys(step), call);
      JsonObject properties = step.getAsJsonObject("properties");
      for (String key : RequestKeys.within(call, "")) {
        if (RequestKeys.isStructure(call, key)) {
          JsonObject value = properties.getAsJsonObject(key);
          JsonElement members = value.has("items") ? value.get("items") : value;
          assertEquals(keys(step, call, key), keys(members), call + " " + key);
        }
      }
    }
  }

  private static Set<String> keys(JsonObject step, String call, String structure) {
    Set<String> keys = new TreeSet<>(RequestKeys.within(call, structure));
    if (structure.isEmpty()) {
      keys.addAll(List.of(Moments.AT, Moments.WHEN, "call"));
      assertEquals(2, step.getAsJsonArray("oneOf").size(), "at or when");
    }
    return keys;
  }

  @Test
  void theSchemaAsksForWhatTheParserMisses() throws Exception {
    for (String call : ControlCall.names()) {
      Set<String> required = new TreeSet<>();
      definitions()
          .getAsJsonObject(call)
          .getAsJsonArray("required")
          .forEach(key -> required.add(key.getAsString()));
      assertTrue(required.remove("call"));
      for (String key : RequestKeys.within(call, "")) {
        assertEquals(required.contains(key), isMissed(call, required, key), call + " " + key);
      }
    }
  }

  /// Whether a step with all that is required but `key` is refused.
  private static boolean isMissed(String call, Set<String> required, String key) {
    StringBuilder step = new StringBuilder("- {at: 0, call: " + call);
    for (String each : required) {
      if (!each.equals(key)) {
        step.append(", ").append(each).append(": ");
        step.append(each.equals(RequestKeys.ENTRIES) ? "[{leaf: 1}]" : "1");
      }
    }
    step.append('}');
    try {
      ScenarioFile.parse("step", step.toString().getBytes(StandardCharsets.UTF_8));
      return false;
    } catch (ScenarioException e) {
      assertTrue(String.valueOf(e.getMessage()).contains("is missing"), e.getMessage());
      return true;
    }
  }

  @Test
  void everyKeyOfARequestCanBeGivenInAFile() {
    for (String call : ControlCall.names()) {
      assertEquals(
          new TreeSet<>(ControlCall.keys(call)),
          new TreeSet<>(RequestKeys.of(call).values()),
          call);
    }
  }
}
