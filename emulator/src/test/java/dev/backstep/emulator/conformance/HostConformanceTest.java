package dev.backstep.emulator.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Random instructions, executed by the emulator and by the host's processor from the same state.
/// - `-Dbackstep.test.seed=N` other cases;
/// - `-Dbackstep.test.hostCases=N` more or fewer;
/// - `-Dbackstep.test.case=N` one of them;
/// - `-Dbackstep.test.only=REGEX` only forms whose mnemonic or semantics match.
class HostConformanceTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_122L);
  private static final long CASE = Long.getLong("backstep.test.case", -1);
  private static final String ONLY = System.getProperty("backstep.test.only", "");

  @Test
  void executesInstructionsAsTheHostDoes() throws IOException {
    compare(Long.getLong("backstep.test.hostCases", 60_000));
  }

  @Test
  @Tag("heavy")
  void executesMillionsOfInstructionsAsTheHostDoes() throws IOException {
    compare(Long.getLong("backstep.test.hostCases", 2_400_000));
  }

  private static void compare(long cases) throws IOException {
    String whyNot = HostProcessor.whyNot();
    Assumptions.assumeTrue(whyNot == null, whyNot);
    try (ConformanceRun run = open()) {
      run.run(Math.max(CASE, 0), CASE < 0 ? cases : CASE + 1);
      StringBuilder text = new StringBuilder();
      for (CaseReport report : run.reports()) {
        text.append('\n').append(report.text(SEED));
      }
      System.out.println(totals(run));
      if (!text.isEmpty()) {
        fail(text.toString());
      }
      if (cases >= 20L * run.forms() && CASE < 0) {
        assertEquals(run.forms(), run.formsTried(), "forms tried");
      }
    }
  }

  private static ConformanceRun open() throws IOException {
    try {
      return new ConformanceRun(SEED, ONLY);
    } catch (HostProcessor.ForbiddenException e) {
      return Assumptions.abort(e.getMessage());
    }
  }

  private static String totals(ConformanceRun run) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("%-28s %9s %9s %9s %9s%n".formatted("group", "cases", "faults", "empty", "differ"));
    int cases = 0;
    int faults = 0;
    int empty = 0;
    int differing = 0;
    for (ConformanceRun.Group t : run.groups()) {
      text.append(
          "%-28s %9d %9d %9d %9d%n"
              .formatted(t.kind.title(), t.cases, t.faults, t.empty, t.differing));
      cases += t.cases;
      faults += t.faults;
      empty += t.empty;
      differing += t.differing;
    }
    text.append("%-28s %9d %9d %9d %9d%n".formatted("all", cases, faults, empty, differing));
    return text.append(run.forms())
        .append(" forms; host: ")
        .append(HostProcessor.modelName())
        .toString();
  }
}
