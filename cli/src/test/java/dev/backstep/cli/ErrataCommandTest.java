package dev.backstep.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.backstep.cli.errata.Behaviour;
import dev.backstep.cli.errata.ErrataCatalogue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ErrataCommandTest {
  private static final String BEHAVIOUR = "mtrr-variable-uc";

  @TempDir private Path folder = Path.of("unset");

  @Test
  void behaviourInDepthShowsOutcomeSourceCommandAndSurroundings() {
    CommandRun run = CommandRun.backstep("errata", BEHAVIOUR, "--platform", "kvm-intel");
    assertEquals(0, run.status(), run.err());
    assertEquals("", run.err());
    for (String part :
        List.of(
            "kvm-intel: WB at position ",
            ": agrees",
            "errata.rst",
            "./backstep record --platform kvm-intel -kernel ",
            "./backstep search TRACE 'kind:memory_type AND ",
            "replay    identical",
            "rule=ept-wb-ignore-guest-pat")) {
      assertTrue(run.out().contains(part), part + " in " + run.out());
    }
    assertFalse(run.out().contains("bare-metal"), run.out());
  }

  @Test
  void jsonHasAnObjectForEachOutcome() {
    CommandRun run = CommandRun.backstep("errata", BEHAVIOUR, "--json");
    assertEquals(0, run.status(), run.err());
    JsonArray outcomes = JsonParser.parseString(run.out()).getAsJsonArray();
    assertEquals(4, outcomes.size());
    JsonObject first = outcomes.get(0).getAsJsonObject();
    assertEquals("mtrr", first.get("row").getAsString());
    assertEquals(BEHAVIOUR, first.get("behaviour").getAsString());
    assertEquals("bare-metal-intel", first.get("platform").getAsString());
    assertEquals("UC", first.get("expected").getAsString());
    assertEquals("UC", first.get("observed").getAsString());
    assertTrue(first.get("agrees").getAsBoolean());
    assertTrue(first.get("position").getAsLong() > 0);
    assertTrue(first.get("source").getAsString().startsWith("SDM Vol. 3"));
    assertEquals("identical", first.get("replay").getAsString());
  }

  @Test
  void keptTracesCanBeSearchedAndReplayed() throws Exception {
    Path kept = folder.resolve("kept");
    CommandRun run =
        CommandRun.backstep(
            "errata", BEHAVIOUR, "--platform", "bare-metal-amd", "--json", "-o", kept.toString());
    assertEquals(0, run.status(), run.err());
    String trace =
        JsonParser.parseString(run.out())
            .getAsJsonArray()
            .get(0)
            .getAsJsonObject()
            .get("trace")
            .getAsString();
    assertTrue(Files.isDirectory(Path.of(trace)), trace);
    assertEquals(0, CommandRun.backstep("replay", trace).status());
    String count =
        CommandRun.backstep("search", trace, "effective:UC AND mtrr:UC", "--count").out();
    assertTrue(Integer.parseInt(count.strip()) > 0, count);
  }

  @Test
  void tracesGoNowhereElseThanIntoANewFolder() throws Exception {
    Files.writeString(folder.resolve("mine"), "x");
    CommandRun run = CommandRun.backstep("errata", BEHAVIOUR, "-o", folder.toString());
    assertEquals(1, run.status());
    assertTrue(run.err().contains("is not empty"), run.err());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void listNamesEveryBehaviourAndRunsNothing() {
    CommandRun run = CommandRun.backstep("errata", "--list");
    assertEquals(0, run.status(), run.err());
    for (Behaviour behaviour : ErrataCatalogue.behaviours()) {
      assertTrue(run.out().contains("  " + behaviour.name() + " "), behaviour.name());
    }
  }

  @Test
  void listOfARowHasNoOther() {
    CommandRun run = CommandRun.backstep("errata", "x87", "--list");
    assertEquals(0, run.status(), run.err());
    assertTrue(run.out().contains("  x87-fdp-unmasked "), run.out());
    assertFalse(run.out().contains("  mtrr-"), run.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"nosuch", "--json", "--platform=kvm-amd", "--output=folder"})
  void listTakesNothingThatItWouldNotHeed(String word) {
    CommandRun run = CommandRun.backstep("errata", "--list", word);
    assertEquals(2, run.status(), run.out());
    assertEquals(1, run.err().strip().lines().count(), run.err());
  }

  @Test
  void unknownNameListsTheRows() {
    CommandRun run = CommandRun.backstep("errata", "frobnicate");
    assertEquals(2, run.status());
    assertEquals(1, run.err().strip().lines().count(), run.err());
    assertTrue(run.err().contains("frobnicate") && run.err().contains("mtrr"), run.err());
  }

  @Test
  void unknownPlatformListsThePlatforms() {
    CommandRun run = CommandRun.backstep("errata", "--platform", "kvm");
    assertEquals(2, run.status());
    assertTrue(run.err().contains("kvm-intel, kvm-amd"), run.err());
  }
}
