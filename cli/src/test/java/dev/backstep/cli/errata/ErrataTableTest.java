package dev.backstep.cli.errata;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ErrataTableTest {
  private static final Behaviour BEHAVIOUR = behaviour();

  @Test
  void lineHasEachPlatformsOutcomeAndWhetherAllAgree() throws IOException {
    String table =
        printed(
            verdict(ErrataPlatform.BARE_METAL_INTEL, "UC", 12),
            verdict(ErrataPlatform.KVM_INTEL, "WB", 1234));
    assertEquals(
        """
        row  behaviour  bare-metal-intel  bare-metal-amd  kvm-intel  kvm-amd  agrees
        r    a-b        UC @12            -               WB @1234   -        yes
        """,
        table);
  }

  @Test
  void outcomeThatDisagreesIsMarkedAndExplained() throws IOException {
    String table = printed(verdict(ErrataPlatform.KVM_INTEL, "UC", 5));
    assertTrue(table.contains("!UC @5"), table);
    assertTrue(table.contains("  NO\n"), table);
    assertTrue(
        table.contains("! a-b on kvm-intel: observed UC, expected WB (the other source)"), table);
  }

  @Test
  void recordingThatDoesNotReplayDisagrees() throws IOException {
    Verdict verdict =
        new Verdict(
            new Trial(BEHAVIOUR, ErrataPlatform.KVM_INTEL),
            "WB",
            OptionalLong.of(1),
            Optional.of("diverged at position 7"),
            Optional.of("trace"),
            List.of());
    assertFalse(verdict.agrees());
    assertTrue(printed(verdict).contains("; its replay diverged at position 7"));
  }

  @Test
  void whatAGuestPrintedDoesNothingToATerminal() throws IOException {
    String table = printed(verdict(ErrataPlatform.KVM_INTEL, "a\u001b[2J", 1));
    assertFalse(table.contains("\u001b"), table);
  }

  @Test
  void cellsHaveRoomForTheValuesOfSeveralFields() throws IOException {
    BehaviourList list = new BehaviourList("r");
    list.add("several", "Something.")
        .recorded(Recipe.guest("tour"))
        .observed(Observation.field("kind:memory_type", "effective", "nested"))
        .expect("effective=WB nested=WB|IPAT", "s", ErrataPlatform.KVM_INTEL);
    Verdict verdict =
        verdict(
            new Trial(list.done().getFirst(), ErrataPlatform.KVM_INTEL),
            "effective=WB nested=WB|IPAT",
            7);
    assertTrue(printed(verdict).contains(" WB WB|IPAT @7 "), printed(verdict));
  }

  @Test
  void expectedOutcomeWithDotsIsABeginning() {
    assertTrue(new Expected("refused: no…", "s").matches("refused: nobody"));
    assertFalse(new Expected("refused: no…", "s").matches("refused: yes"));
    assertFalse(new Expected("UC", "s").matches("UC-"));
  }

  @Test
  void nameThatIsNotKebabCaseIsRefused() {
    BehaviourList list = new BehaviourList("r");
    list.add("A_b", "…")
        .recorded(Recipe.guest("tour"))
        .observed(Observation.ending())
        .expectEverywhere("power-off", "s");
    assertThrows(IllegalArgumentException.class, list::done);
  }

  @Test
  void commandQuotesWhatTheShellWouldTakeApart() {
    Recipe recipe =
        Recipe.guest("g")
            .with("-smp", "2")
            .on(ErrataPlatform.KVM_INTEL, "-cpu", "Haswell")
            .setting("kernel=6.10")
            .inject("enable-cap,when=kind:cr AND reg:CR3");
    assertEquals(
        "--platform kvm-intel,kernel=6.10 -kernel"
            + " cli/src/main/resources/dev/backstep/cli/guests/g.elf -m 16 -smp 2 --inject"
            + " 'enable-cap,when=kind:cr AND reg:CR3' -cpu Haswell",
        CommandText.of(recipe.command(ErrataPlatform.KVM_INTEL)));
  }

  @Test
  void linesAreThoseThatTheGuestEnded() {
    StringBuilder seen = new StringBuilder();
    ConsoleLines lines =
        new ConsoleLines((position, line) -> seen.append(position).append(':').append(line));
    lines.printed(1, "a=");
    lines.printed(2, "1\r\nb=2");
    assertEquals("2:a=1", seen.toString());
  }

  private static Behaviour behaviour() {
    BehaviourList list = new BehaviourList("r");
    list.add("a-b", "Something.")
        .recorded(Recipe.guest("tour"))
        .observed(Observation.count("kind:cpuid"))
        .expect("UC", "a source", ErrataPlatform.BARE_METAL_INTEL)
        .expect("WB", "the other source", ErrataPlatform.KVM_INTEL);
    return list.done().getFirst();
  }

  private static Verdict verdict(ErrataPlatform platform, String observed, long position) {
    return verdict(new Trial(BEHAVIOUR, platform), observed, position);
  }

  private static Verdict verdict(Trial trial, String observed, long position) {
    return new Verdict(
        trial,
        observed,
        OptionalLong.of(position),
        Optional.empty(),
        Optional.of("trace"),
        List.of());
  }

  private static String printed(Verdict... verdicts) throws IOException {
    StringWriter out = new StringWriter();
    new ErrataTable(List.of(ErrataPlatform.values())).print(List.of(verdicts), out);
    return out.toString();
  }
}
