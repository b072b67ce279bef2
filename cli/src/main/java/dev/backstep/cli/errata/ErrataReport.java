package dev.backstep.cli.errata;

import dev.backstep.cli.hits.PlainText;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Map;

/// Behaviours in depth: on each platform the outcome, what the source says, the commands that show
/// it, and what was executed around it.
public final class ErrataReport {
  private static final String INDENT = "    ";

  private final Writer out;

  public ErrataReport(Writer out) {
    this.out = out;
  }

  /// Prints all verdicts, by behaviour.
  public void print(List<Verdict> verdicts) throws IOException {
    String row = "";
    for (Map.Entry<Behaviour, Map<ErrataPlatform, Verdict>> entry :
        ErrataTable.byBehaviour(verdicts).entrySet()) {
      Behaviour behaviour = entry.getKey();
      if (!behaviour.row().equals(row)) {
        row = behaviour.row();
        line(ErrataCatalogue.heading(row));
        line("");
      }
      line(behaviour.name());
      line(behaviour.text());
      line("Found by: ./backstep " + behaviour.observation().lookup());
      for (Verdict verdict : entry.getValue().values()) {
        print(verdict);
      }
      line("");
    }
  }

  private void print(Verdict verdict) throws IOException {
    Trial trial = verdict.trial();
    line(
        "  %s: %s%s: %s"
            .formatted(
                trial.platform().label(),
                PlainText.of(verdict.observed()),
                verdict.position().isPresent()
                    ? " at position " + verdict.position().getAsLong()
                    : "",
                verdict.agrees() ? "agrees" : "DISAGREES"));
    fact("expected", trial.expected().outcome());
    fact("source", trial.expected().source());
    fact("recorded", CommandText.recording(trial));
    if (verdict.trace().isPresent()) {
      fact("replay", verdict.difference().orElse("identical"));
    }
    for (String executed : verdict.around()) {
      line(INDENT + PlainText.of(executed));
    }
  }

  private void fact(String name, String value) throws IOException {
    line("%s%-9s %s".formatted(INDENT, name, value));
  }

  private void line(String text) throws IOException {
    out.write(text);
    out.write('\n');
  }
}
