package dev.backstep.cli.command;

import dev.backstep.cli.Main;
import dev.backstep.cli.errata.CommandText;
import dev.backstep.indexer.Hit;
import dev.backstep.indexer.TraceSearch;
import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.proto.journal.TraceReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `backstep demo`: the tour. It runs the verbs themselves, as a user would type them, and ends
/// with 0 only if each of them did what the tour says.
@Command(
    name = "demo",
    description =
        "Records a built-in guest on bare metal and on KVM, replays both, and searches for what"
            + " differs.",
    mixinStandardHelpOptions = true)
public final class DemoCommand implements Callable<Integer> {
  private static final String GUEST = "/dev/backstep/cli/guests/tour.elf";

  /// The guest sets these two MiB to UC in a variable MTRR and writes there.
  private static final String UNCACHEABLE_RANGE = "gpa:[0x1000000 TO 0x11fffff]";

  private static final int GUEST_PASSED = 1;
  private static final int BEFORE = 6;
  private static final int LISTED = 12;

  @Mixin private DebugOption debug = new DebugOption();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FOLDER",
      description = "where the two traces go (default: a new folder for temporary files)")
  private @Nullable Path output;

  @Override
  public Integer call() throws Exception {
    Path folder =
        output == null
            ? Files.createTempDirectory("backstep-demo-")
            : Files.createDirectories(output);
    Path guest = copyGuest(folder);
    Path metal = folder.resolve("bare-metal");
    Path kvm = folder.resolve("kvm");

    say("1. Record the same guest on two platforms: an Intel processor, and KVM on one.");
    record(guest, "bare-metal-intel", metal);
    record(guest, "kvm-intel", kvm);
    say("2. Replay both: every instruction and event is compared.");
    expect(0, "replay", metal.toString());
    expect(0, "replay", kvm.toString());
    say("3. Search: what CPUID leaf 7 and the APIC's interrupt command register were used for.");
    expect(0, "search", metal.toString(), "kind:cpuid AND leaf:7");
    expect(0, "search", metal.toString(), "kind:apic AND reg:ICR", "--limit", "5");
    say(
        "4. The guest makes 2 MiB of RAM uncacheable by an MTRR and writes there. The processor"
            + " honours it:");
    String query = "kind:memory_type AND " + UNCACHEABLE_RANGE;
    expect(0, "search", metal.toString(), query);
    say("   KVM does not: guest memory is write-back whatever the MTRRs say.");
    expect(0, "search", kvm.toString(), query);
    say("5. What was executed there, with the decision in between:");
    list(metal, query);
    list(kvm, query);
    say("6. The runs differ as a whole by these kinds of events (bare metal, then KVM):");
    expect(0, "search", metal.toString(), "kind:*", "--facet", "kind");
    expect(0, "search", kvm.toString(), "kind:*", "--facet", "kind");
    check(metal, query + " AND effective:UC AND mtrr:UC");
    check(kvm, query + " AND effective:WB AND mtrr:UC");
    say(
        "Shown: the same guest, the same MTRR; UC on bare metal, WB on KVM. The traces are in "
            + folder);
    return 0;
  }

  private static Path copyGuest(Path folder) throws IOException {
    Path guest = folder.resolve("tour.elf");
    try (InputStream in = DemoCommand.class.getResourceAsStream(GUEST)) {
      if (in == null) {
        throw new AssertionError(GUEST + " is not among the resources");
      }
      Files.write(guest, in.readAllBytes());
    }
    return guest;
  }

  private static void record(Path guest, String platform, Path trace) {
    expect(
        GUEST_PASSED,
        "record",
        "--platform",
        platform,
        "-smp",
        "2",
        "-kernel",
        guest.toString(),
        "-device",
        "isa-debug-exit,iobase=0xf4,iosize=0x4",
        "-rtc",
        "base=2026-01-01",
        "-o",
        trace.toString());
  }

  /// Lists the instructions around the first hit.
  private static void list(Path trace, String query) throws IOException {
    long position = first(trace, query);
    expect(
        0,
        "show",
        trace.toString(),
        Long.toString(Math.max(0, position - BEFORE)),
        "-n",
        Integer.toString(LISTED));
  }

  private static void check(Path trace, String query) throws IOException {
    first(trace, query);
  }

  /// Position of the first hit of a query.
  private static long first(Path trace, String query) throws IOException {
    long[] position = {-1};
    try (TraceReader reader = TraceReader.open(trace);
        IndexProgress progress = new IndexProgress("backstep demo");
        TraceSearch search = TraceSearch.open(reader, progress)) {
      search.each(
          TraceQueryParser.parse(query),
          1,
          (Hit hit) -> {
            position[0] = hit.position();
            return false;
          });
    } catch (QueryException e) {
      throw new AssertionError(query, e);
    }
    if (position[0] < 0) {
      throw CliException.failure("the demo failed: nothing in " + trace + " matches " + query);
    }
    return position[0];
  }

  private static void say(String text) {
    System.out.printf("%n%s%n", text);
  }

  /// Runs a command line and shows it.
  private static void expect(int status, String... words) {
    System.out.println("$ ./backstep " + CommandText.of(Arrays.asList(words)));
    System.out.flush();
    int found = CliErrors.commandLine(new Main()).execute(words);
    if (found != status) {
      throw CliException.failure(
          "the demo failed: " + words[0] + " ended with " + found + " instead of " + status);
    }
  }
}
