package dev.backstep.cli.command;

import dev.backstep.cli.errata.Behaviour;
import dev.backstep.cli.errata.ErrataCatalogue;
import dev.backstep.cli.errata.ErrataJson;
import dev.backstep.cli.errata.ErrataPlatform;
import dev.backstep.cli.errata.ErrataReport;
import dev.backstep.cli.errata.ErrataRun;
import dev.backstep.cli.errata.ErrataTable;
import dev.backstep.cli.errata.Trial;
import dev.backstep.cli.errata.Verdict;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `backstep errata`: what differs between the platforms, shown by running guests.
@Command(
    name = "errata",
    description = {
      "Records the built-in guests on each platform, replays them, and prints what was observed"
          + " beside what the sources say.",
      "Exits with 0 if everything observed agrees with its source, with 1 otherwise."
    },
    mixinStandardHelpOptions = true)
public final class ErrataCommand implements Callable<Integer> {
  private static final String CLEAR_LINE = "\r\u001b[K";

  @Mixin private DebugOption debug = new DebugOption();

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NAME",
      description = "a row or a behaviour, to be shown in depth (default: the table of all)")
  private @Nullable String name;

  @Option(
      names = "--platform",
      paramLabel = "NAME",
      description = "run on this platform only; may be repeated (default: all)")
  private List<String> platforms = new ArrayList<>();

  @Option(names = "--json", description = "print a JSON array with an object for each outcome")
  private boolean json;

  @Option(
      names = "--list",
      description = "print what there is, or what NAME names, and run nothing")
  private boolean list;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FOLDER",
      description = "keep the traces in a folder, which must not exist or be empty")
  private @Nullable Path output;

  @Override
  public Integer call() throws Exception {
    if (list) {
      return list();
    }
    List<ErrataPlatform> columns = columns();
    List<Trial> trials = Trial.of(behaviours(), columns);
    if (trials.isEmpty()) {
      throw CliException.usage(name + ": says nothing about " + String.join(", ", platforms));
    }
    Path folder = output == null ? Files.createTempDirectory("backstep-errata-") : empty(output);
    try {
      List<Verdict> verdicts =
          new ErrataRun(ErrataCommand::record, folder, traces(), depth())
              .run(trials, ErrataCommand::show);
      write(out -> print(verdicts, columns, out));
      return verdicts.stream().allMatch(Verdict::agrees) ? 0 : 1;
    } finally {
      if (output == null) {
        Files.deleteIfExists(folder);
      }
    }
  }

  private int list() throws IOException {
    if (json || output != null || !platforms.isEmpty()) {
      throw CliException.usage("--list runs nothing: give no --json, --platform or -o with it");
    }
    List<Behaviour> behaviours = behaviours();
    write(out -> ErrataCatalogue.list(behaviours, out));
    return 0;
  }

  private List<Behaviour> behaviours() {
    if (name == null) {
      return ErrataCatalogue.behaviours();
    }
    List<Behaviour> named = ErrataCatalogue.named(name);
    if (named.isEmpty()) {
      throw CliException.usage(
          name + ": no row and no behaviour has this name; rows: " + ErrataCatalogue.rowNames());
    }
    return named;
  }

  private List<ErrataPlatform> columns() {
    if (platforms.isEmpty()) {
      return List.of(ErrataPlatform.values());
    }
    return platforms.stream().distinct().map(ErrataCommand::platform).toList();
  }

  private static ErrataPlatform platform(String label) {
    return ErrataPlatform.named(label)
        .orElseThrow(
            () ->
                CliException.usage(
                    "--platform %s: no such platform; there are %s"
                        .formatted(label, ErrataPlatform.labels())));
  }

  private static Path empty(Path folder) throws IOException {
    Files.createDirectories(folder);
    try (var files = Files.list(folder)) {
      if (files.findAny().isPresent()) {
        throw CliException.failure(folder + ": is not empty; give a new folder");
      }
    }
    return folder;
  }

  private ErrataRun.Traces traces() {
    return output == null ? ErrataRun.Traces.DELETED : ErrataRun.Traces.KEPT;
  }

  private ErrataRun.Depth depth() {
    return name == null || json ? ErrataRun.Depth.OUTCOMES : ErrataRun.Depth.SURROUNDINGS;
  }

  /// Records as a user would, in this process.
  private static int record(List<String> words, PrintWriter errors) {
    CommandLine line = CliErrors.commandLine(new RecordCommand());
    line.setErr(errors);
    return line.execute(words.toArray(new String[0]));
  }

  private static void show(int recordings, int of) {
    if (System.console() != null && System.console().isTerminal()) {
      System.err.print(
          recordings == of
              ? CLEAR_LINE
              : "%srecording %d of %d".formatted(CLEAR_LINE, recordings + 1, of));
    }
  }

  private void print(List<Verdict> verdicts, List<ErrataPlatform> columns, Writer out)
      throws IOException {
    if (json) {
      ErrataJson.print(verdicts, traces(), out);
      return;
    }
    if (name == null) {
      new ErrataTable(columns).print(verdicts, out);
    } else {
      new ErrataReport(out).print(verdicts);
    }
    out.write(ErrataTable.summary(verdicts) + "\n");
  }

  /// What goes to standard output.
  private interface Text {
    void to(Writer out) throws IOException;
  }

  private static void write(Text text) throws IOException {
    try (ResultStream out = ResultStream.to(new StandardOutput())) {
      text.to(out.writer());
    } catch (IOException e) {
      if (!ResultStream.isClosedPipe(e)) {
        throw e;
      }
    }
  }
}
