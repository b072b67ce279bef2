package dev.backstep.cli.errata;

import dev.backstep.cli.hits.PlainText;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The table: one line per behaviour, with the outcome on each platform and its position. An
/// outcome that disagrees with its source begins with `!`, and a line below the table says how.
public final class ErrataTable {
  private static final int WIDEST_OUTCOME = 18;
  private static final String NOT_RUN = "-";
  private static final String REFUSED = "refused";
  private static final String GAP = "  ";

  private final List<ErrataPlatform> platforms;

  /// @param platforms the columns
  public ErrataTable(List<ErrataPlatform> platforms) {
    this.platforms = List.copyOf(platforms);
  }

  /// Prints all verdicts.
  public void print(List<Verdict> verdicts, Writer out) throws IOException {
    List<List<String>> lines = new ArrayList<>();
    lines.add(heading());
    byBehaviour(verdicts).forEach((behaviour, on) -> lines.add(line(behaviour, on)));
    int[] widths = widths(lines);
    for (List<String> line : lines) {
      out.write(aligned(line, widths));
      out.write('\n');
    }
    for (Verdict verdict : verdicts) {
      if (!verdict.agrees()) {
        out.write(disagreement(verdict));
        out.write('\n');
      }
    }
  }

  /// How many behaviours and outcomes there are, and how many agree.
  public static String summary(List<Verdict> verdicts) {
    return "%d behaviours, %d outcomes: %d agree with their sources, %d do not"
        .formatted(
            byBehaviour(verdicts).size(),
            verdicts.size(),
            verdicts.stream().filter(Verdict::agrees).count(),
            verdicts.stream().filter(verdict -> !verdict.agrees()).count());
  }

  static Map<Behaviour, Map<ErrataPlatform, Verdict>> byBehaviour(List<Verdict> verdicts) {
    Map<Behaviour, Map<ErrataPlatform, Verdict>> lines = new LinkedHashMap<>();
    for (Verdict verdict : verdicts) {
      lines
          .computeIfAbsent(verdict.trial().behaviour(), _ -> new EnumMap<>(ErrataPlatform.class))
          .put(verdict.trial().platform(), verdict);
    }
    return lines;
  }

  private List<String> heading() {
    List<String> heading = new ArrayList<>(List.of("row", "behaviour"));
    platforms.forEach(platform -> heading.add(platform.label()));
    heading.add("agrees");
    return heading;
  }

  private List<String> line(Behaviour behaviour, Map<ErrataPlatform, Verdict> on) {
    List<String> line = new ArrayList<>(List.of(behaviour.row(), behaviour.name()));
    for (ErrataPlatform platform : platforms) {
      Verdict verdict = on.get(platform);
      line.add(verdict == null ? NOT_RUN : cell(verdict));
    }
    line.add(on.values().stream().allMatch(Verdict::agrees) ? "yes" : "NO");
    return line;
  }

  private static String cell(Verdict verdict) {
    String shown = PlainText.of(shortened(verdict));
    if (shown.length() > WIDEST_OUTCOME) {
      shown = shown.substring(0, WIDEST_OUTCOME - 1) + "…";
    }
    String mark = verdict.agrees() ? "" : "!";
    return verdict.position().isPresent()
        ? mark + shown + " @" + verdict.position().getAsLong()
        : mark + shown;
  }

  /// The outcome without what the column has no room for: of several fields the values alone.
  private static String shortened(Verdict verdict) {
    String outcome = verdict.observed();
    if (outcome.startsWith(REFUSED + ": ")) {
      return REFUSED;
    }
    boolean named =
        verdict.trial().behaviour().observation()
                instanceof Observation.FirstEvent(String _, List<String> fields)
            && fields.size() > 1;
    return named ? outcome.replaceAll("(^| )[a-z0-9_]+=", "$1") : outcome;
  }

  private static String disagreement(Verdict verdict) {
    Trial trial = verdict.trial();
    return "! %s on %s: observed %s, expected %s (%s)%s"
        .formatted(
            trial.behaviour().name(),
            trial.platform().label(),
            PlainText.of(verdict.observed()),
            trial.expected().outcome(),
            trial.expected().source(),
            verdict.difference().map(text -> "; its replay " + text).orElse(""));
  }

  private static int[] widths(List<List<String>> lines) {
    int[] widths = new int[lines.getFirst().size()];
    for (List<String> line : lines) {
      for (int k = 0; k < widths.length; k++) {
        widths[k] = Math.max(widths[k], line.get(k).length());
      }
    }
    return widths;
  }

  private static String aligned(List<String> line, int[] widths) {
    StringBuilder text = new StringBuilder();
    for (int k = 0; k < widths.length; k++) {
      text.append(k == 0 ? "" : GAP).append(line.get(k));
      text.repeat(' ', widths[k] - line.get(k).length());
    }
    return text.toString().stripTrailing();
  }
}
