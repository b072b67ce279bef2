package dev.backstep.cli.command;

import dev.backstep.cli.host.SerialTarget;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.replay.ReplayResult;
import dev.backstep.replay.ReplaySession;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `backstep replay`: the whole run again, every journaled fact compared.
@Command(
    name = "replay",
    description =
        "Re-executes a whole run and compares every journaled fact: prints identical and exits"
            + " with 0, or the first divergence and exits with 1.",
    mixinStandardHelpOptions = true)
public final class ReplayCommand implements Callable<Integer> {
  @Mixin private TraceArgument trace = new TraceArgument();
  @Mixin private DebugOption debug = new DebugOption();

  @Option(
      names = "-serial",
      paramLabel = "stdio|file:PATH|null",
      description = "where what the guest prints goes (default: null)")
  private String serial = "null";

  @Option(names = "--stats", description = "print instructions and speed at the end")
  private boolean stats;

  @Override
  public Integer call() throws Exception {
    try (TraceReader reader = trace.open();
        SerialTarget console = SerialTarget.open(serial);
        ReplaySession session = new ReplaySession(reader, console::write)) {
      long start = System.nanoTime();
      ReplayResult result;
      try (Progress _ = Progress.show(session.machine(), () -> 0)) {
        result = session.run();
      }
      int status = print(result, reader);
      if (stats) {
        double seconds = (System.nanoTime() - start) / 1e9;
        long position = session.machine().position();
        System.err.printf(
            Locale.ROOT,
            "%d instructions in %.2f s (%.1f million/s)%n",
            position,
            seconds,
            position / 1e6 / seconds);
      }
      return status;
    }
  }

  private static int print(ReplayResult result, TraceReader reader) {
    return switch (result) {
      case ReplayResult.Identical(long position, long events, boolean wholeRun) -> {
        System.out.printf(
            "identical: %d instructions, %d events%s%n",
            position,
            events,
            wholeRun ? "" : ", up to the last whole chunk of an incomplete trace");
        yield reader.damage().isPresent() ? 1 : 0;
      }
      case ReplayResult.Diverged d -> {
        System.out.printf(
            "diverged at position %d on vcpu%d: %s%n", d.position(), d.vcpu(), d.fact());
        System.out.println("  expected: " + d.expected());
        System.out.println("  found:    " + d.found());
        if (!d.before().isEmpty()) {
          System.out.println("  the last instructions before:");
          d.before().forEach(line -> System.out.println("  " + line));
        }
        yield 1;
      }
    };
  }
}
