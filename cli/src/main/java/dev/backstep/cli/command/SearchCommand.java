package dev.backstep.cli.command;

import dev.backstep.cli.hits.HitFormat;
import dev.backstep.cli.hits.HitPrinter;
import dev.backstep.cli.hits.PlainText;
import dev.backstep.indexer.Facet;
import dev.backstep.indexer.TraceSearch;
import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQuery;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `backstep search`: finds events and executed instructions.
@Command(
    name = "search",
    description = {
      "Finds events and executed instructions. QUERY is in Lucene's syntax over the fields of"
          + " events:",
      "  kind:cpuid AND leaf:7",
      "  kind:exception AND vector:14 AND cr2:[0x1000 TO 0x1fff]",
      "  kind:instruction AND mnemonic:wrmsr",
      "Instructions are searched where the query names kind:instruction, mnemonic or bytes."
    },
    mixinStandardHelpOptions = true)
public final class SearchCommand implements Callable<Integer> {
  private static final String NAME = "backstep search";

  private final OutputStream standardOutput;

  @Mixin private TraceArgument trace = new TraceArgument();
  @Mixin private DebugOption debug = new DebugOption();

  @Parameters(index = "1", paramLabel = "QUERY", description = "what to find")
  private String query = "";

  @Option(
      names = "--format",
      paramLabel = "table|jsonl|csv",
      description = "how results are printed (default: table)")
  private @Nullable HitFormat format;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "print the first N results, or values of --facet, only (default: all)")
  private long limit = TraceSearch.ALL;

  @Option(names = "--count", description = "print only how many there are")
  private boolean count;

  @Option(
      names = "--facet",
      paramLabel = "FIELD",
      description = "print each value of FIELD with how many there are, the most frequent first")
  private @Nullable String facet;

  public SearchCommand() {
    this(new StandardOutput());
  }

  SearchCommand(OutputStream standardOutput) {
    this.standardOutput = standardOutput;
  }

  @Override
  public Integer call() throws Exception {
    checkOptions();
    TraceQuery parsed = parse();
    try (TraceReader reader = trace.open();
        ResultStream out = ResultStream.to(standardOutput);
        TraceSearch search = open(reader)) {
      print(search, parsed, out);
      Optional<TraceFormatException> damage = search.damage();
      damage.ifPresent(
          d ->
              System.err.println(NAME + ": searched up to where it is damaged: " + d.getMessage()));
      return damage.isPresent() || reader.damage().isPresent() ? 1 : 0;
    } catch (IOException e) {
      if (ResultStream.isClosedPipe(e)) {
        return 0;
      }
      throw e;
    }
  }

  private void checkOptions() {
    if (limit < 0) {
      throw CliException.usage("--limit " + limit + ": give a number from 0 up");
    }
    if (count && facet != null) {
      throw CliException.usage("--count and --facet exclude each other");
    }
    if (count && limit != TraceSearch.ALL) {
      throw CliException.usage("--limit means nothing with --count, which counts all");
    }
    if (format != null && (count || facet != null)) {
      throw CliException.usage("--format means nothing with --count and --facet");
    }
  }

  private TraceQuery parse() {
    try {
      if (facet != null) {
        TraceQueryParser.requireField(facet);
      }
      return TraceQueryParser.parse(query);
    } catch (QueryException e) {
      throw CliException.usage(String.valueOf(e.getMessage()));
    }
  }

  private static TraceSearch open(TraceReader reader) throws IOException {
    try (IndexProgress progress = new IndexProgress(NAME)) {
      return TraceSearch.open(reader, progress);
    }
  }

  private void print(TraceSearch search, TraceQuery parsed, ResultStream out) throws IOException {
    if (count) {
      out.writer().write(search.count(parsed) + "\n");
      return;
    }
    if (facet != null) {
      List<Facet> facets = search.facets(parsed, facet);
      for (Facet of : facets.subList(0, (int) Math.min(limit, facets.size()))) {
        out.writer().write(PlainText.of(of.value()) + "\t" + of.count() + "\n");
      }
      return;
    }
    HitPrinter printer =
        HitPrinter.of(format == null ? HitFormat.TABLE : format, parsed, out.writer());
    printer.begin();
    search.each(
        parsed,
        limit,
        hit -> {
          printer.print(hit);
          out.resultWritten();
          return true;
        });
  }
}
