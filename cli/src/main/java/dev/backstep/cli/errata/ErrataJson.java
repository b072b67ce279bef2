package dev.backstep.cli.errata;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.util.List;

/// Verdicts as a JSON array, an object a line each.
public final class ErrataJson {
  private ErrataJson() {}

  /// Prints all verdicts.
  ///
  /// @param traces whether they are kept, and so worth naming
  public static void print(List<Verdict> verdicts, ErrataRun.Traces traces, Writer out)
      throws IOException {
    String separator = "[\n";
    for (Verdict verdict : verdicts) {
      out.write(separator);
      out.write(object(verdict, traces));
      separator = ",\n";
    }
    out.write(verdicts.isEmpty() ? "[]\n" : "\n]\n");
  }

  private static String object(Verdict verdict, ErrataRun.Traces traces) throws IOException {
    Trial trial = verdict.trial();
    StringWriter text = new StringWriter();
    try (JsonWriter json = new JsonWriter(text)) {
      json.setSerializeNulls(true);
      json.beginObject();
      json.name("row").value(trial.behaviour().row());
      json.name("behaviour").value(trial.behaviour().name());
      json.name("platform").value(trial.platform().label());
      json.name("expected").value(trial.expected().outcome());
      json.name("observed").value(verdict.observed());
      json.name("agrees").value(verdict.agrees());
      json.name("position");
      if (verdict.position().isPresent()) {
        json.value(verdict.position().getAsLong());
      } else {
        json.nullValue();
      }
      json.name("source").value(trial.expected().source());
      json.name("text").value(trial.behaviour().text());
      json.name("command").value(CommandText.recording(trial));
      json.name("lookup").value("./backstep " + trial.behaviour().observation().lookup());
      json.name("replay").value(verdict.trace().map(_ -> replay(verdict)).orElse(null));
      if (traces == ErrataRun.Traces.KEPT) {
        json.name("trace").value(verdict.trace().orElse(null));
      }
      json.endObject();
    }
    return text.toString();
  }

  private static String replay(Verdict verdict) {
    return verdict.difference().orElse("identical");
  }
}
