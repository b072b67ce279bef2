package dev.backstep.cli.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.recorder.ControlScript.Step;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScenarioFileTest {
  /// Every structure and every kind of value.
  private static final String SAMPLE =
      """
      # two of each
      - when: 'kind:cr AND reg:CR3'
        call: set-vcpu-events
        vcpu: 1
        exception: {injected: true, nr: 13, has_error_code: true, error_code: 0x10}
        nmi:
          masked: on
        flags: 0
      - at: 0x10
        call: set-cpuid
        vcpu: 0
        entries:
          - {ebx: 0x40, leaf: 7}
          - {leaf: '0x80000001', subleaf: 0, edx: 4294967295}
      - {at: 99, call: create-vcpu, id: 300}
      """;

  @TempDir private Path folder = Path.of("unset");

  private static List<Step> steps(String text) throws ScenarioException {
    return ScenarioFile.parse("s.yaml", text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsWhatTextSaysInOneLine() throws Exception {
    assertEquals(
        List.of(
            "set-vcpu-events,vcpu=1,injected=on,nr=13,has-error-code=on,error-code=0x10,nmi-masked=on,when=kind:cr"
                + " AND reg:CR3",
            "set-cpuid,vcpu=0,leaf=0x7,subleaf=0x0,eax=0x0,ebx=0x40,ecx=0x0,edx=0x0"
                + ",leaf=0x80000001,subleaf=0x0,eax=0x0,ebx=0x0,ecx=0x0,edx=0xffffffff,at=16",
            "create-vcpu,id=300,at=99"),
        steps(SAMPLE).stream().map(Step::text).toList());
    for (Step step : steps(SAMPLE)) {
      assertEquals(step.text(), StepText.parse(step.text()).text());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'' | s.yaml: there are no steps in it",
        "'at: 5' | s.yaml:1: write a list of steps",
        "'- 5' | s.yaml:1: a step is a mapping",
        "'- {at: 5}' | s.yaml:1: call is missing",
        "'- {at: 5, call: reboot}' | s.yaml:1: there is no request reboot; there are set-vcpu",
        "'- {call: create-vcpu, id: 5}' | s.yaml:1: it does not say when",
        "'- {at: 5, when: kind:cr, call: create-vcpu, id: 5}' | at and when are both given",
        "'- {at: -5, call: create-vcpu, id: 5}' | s.yaml:1: at=-5: give a position",
        "'- {at: 50%, call: create-vcpu, id: 5}' | where a run ends is not known",
        "'- {at: end-1, call: create-vcpu, id: 5}' | where a run ends is not known",
        "'- {at: [1], call: create-vcpu, id: 5}' | s.yaml:1: at: give one value",
        "'- {when: mnemonic:hlt, call: create-vcpu, id: 5}' | when: the condition asks for instr",
        "'- {when: (kind:cr, call: create-vcpu, id: 5}' | s.yaml:1: when: the query is not under",
        "'- {at: 5, call: create-vcpu}' | s.yaml:1: create-vcpu: id is missing",
        "'- {at: 5, call: create-vcpu, id: {x: 1}}' | s.yaml:1: id: give one value",
        "'- {at: 5, call: create-vcpu, id: 5, id: 6}' | s.yaml:1: id is given twice",
        "'- {at: 5, call: create-vcpu, [id]: 5}' | s.yaml:1: a key is a word",
        "'- {at: 5, call: create-vcpu, vcpu: 5}' | vcpu: create-vcpu has no vcpu; it has id",
        "'- {at: 5, call: set-vcpu-events, vcpu: 0, exception: {vector: 5}}' | exception.vector:"
            + " exc",
        "'- {at: 5, call: set-vcpu-events, vcpu: 0, exception: 5}' | exception: give its members",
        "'- {at: 5, call: set-vcpu-events, vcpu: 0, nr: 5}' | nr: set-vcpu-events has no nr; it"
            + " has",
        "'- {at: 5, call: set-cpuid, vcpu: 0, entries: 5}' | entries: give a list",
        "'- {at: 5, call: set-cpuid, vcpu: 0, entries: [{eax: 5}]}' | entries: leaf is missing",
        "'- {at: 5, call: set-cpuid, vcpu: 0, entries: []}' | set-cpuid: leaf is missing",
        "'- {at: 5, call: create-vcpu, id: !int 5}' | s.yaml:1: tags (!name) mean nothing here",
        "'- {at: &a 5, call: create-vcpu, id: *a}' | anchors and aliases",
        "'- {at: 5, call: create-vcpu' | s.yaml:1: this is not YAML",
        "'[[[[[[[[[1]]]]]]]]]' | more than 8 levels",
      })
  void namesFileAndLineOfEveryMistake(String text, String message) {
    ScenarioException e = assertThrows(ScenarioException.class, () -> steps(text));
    String said = String.valueOf(e.getMessage());
    assertTrue(said.startsWith("s.yaml") && said.contains(message), said);
    assertFalse(said.contains("\n"), said);
  }

  @Test
  void namesTheLineAndKeyOfAValue() {
    String text = SAMPLE.replace("nr: 13", "\n      nr: 300");
    ScenarioException e = assertThrows(ScenarioException.class, () -> steps(text));
    assertEquals(
        "s.yaml:6: exception.nr: set-vcpu-events: nr=300: give a number of up to 8 bits, decimal or"
            + " hexadecimal with 0x",
        e.getMessage());
  }

  @Test
  void refusesWhatIsNoFileOrTooLarge() throws Exception {
    Path large = folder.resolve("large.yaml");
    Files.writeString(large, "# " + "x".repeat(300 << 10));
    for (Path file : List.of(large, folder, folder.resolve("absent.yaml"), Path.of("/dev/zero"))) {
      ScenarioException e = assertThrows(ScenarioException.class, () -> ScenarioFile.read(file));
      assertTrue(String.valueOf(e.getMessage()).startsWith(file + ": "), e.getMessage());
    }
    byte[] latin = "- # \u00e9".getBytes(StandardCharsets.ISO_8859_1);
    ScenarioException e =
        assertThrows(ScenarioException.class, () -> ScenarioFile.parse("s.yaml", latin));
    assertEquals("s.yaml: this is not text in UTF-8", e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{a: ", "- - ", "? ", "&a [*a, ", "!x ", "'", "\"\\", "|\n ", "%"})
  void survivesEndlessNesting(String part) {
    String text = part.repeat((256 << 10) / part.length());
    ScenarioException e = assertThrows(ScenarioException.class, () -> steps(text));
    String said = String.valueOf(e.getMessage());
    assertTrue(said.length() < 400, said.length() + " characters");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void survivesAnyChangeOfAFile(long seed) {
    Random random = new Random(seed);
    String odd = "-:{}[]!&*|>'\"%@`#,? \n\t\u0000\u0085\u2028\ufeff0x9é";
    int read = 0;
    for (int k = 0; k < 3_000; k++) {
      StringBuilder text = new StringBuilder(SAMPLE);
      for (int n = 1 + random.nextInt(4); n > 0; n--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.insert(at, odd.charAt(random.nextInt(odd.length())));
          case 1 -> text.setCharAt(at, odd.charAt(random.nextInt(odd.length())));
          default -> text.delete(at, Math.min(text.length(), at + random.nextInt(40)));
        }
      }
      try {
        read += steps(text.toString()).size() > 0 ? 1 : 0;
      } catch (ScenarioException e) {
        String said = String.valueOf(e.getMessage());
        assertTrue(said.startsWith("s.yaml") && !said.contains("\n"), said);
      }
    }
    assertTrue(read > 30, read + " of them could be read");
  }
}
