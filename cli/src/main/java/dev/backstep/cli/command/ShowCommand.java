package dev.backstep.cli.command;

import dev.backstep.proto.journal.TraceReader;
import dev.backstep.replay.listing.EventFeed;
import dev.backstep.replay.listing.EventText;
import dev.backstep.replay.listing.TraceListing;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `backstep show`: what was executed, disassembled, with the events between.
@Command(
    name = "show",
    description = "Lists what was executed from a position on, with the events between.",
    mixinStandardHelpOptions = true)
public final class ShowCommand implements Callable<Integer> {
  @Mixin private TraceArgument trace = new TraceArgument();
  @Mixin private DebugOption debug = new DebugOption();

  @Parameters(
      index = "1",
      paramLabel = "POSITION",
      description = "12345, 50%%, end or end-100 (default: 0)",
      defaultValue = "0")
  private String position = "0";

  @Option(
      names = "-n",
      paramLabel = "COUNT",
      description = "instructions to list (default: ${DEFAULT-VALUE})")
  private long count = 20;

  @Override
  public Integer call() throws Exception {
    if (count <= 0) {
      throw CliException.usage("-n " + count + ": give a number above 0");
    }
    try (TraceReader reader = trace.open()) {
      long first = PositionText.parse(position, reader.endPosition());
      long last = first + count;
      EventFeed events = new EventFeed(reader, first);
      new TraceListing(reader)
          .from(
              first,
              listed -> {
                if (Long.compareUnsigned(listed.position(), last) >= 0) {
                  return false;
                }
                events.upTo(listed.position(), e -> System.out.println(EventText.of(e)));
                System.out.println(TraceListing.line(listed));
                return !System.out.checkError();
              });
      if (Long.compareUnsigned(last, reader.endPosition()) >= 0) {
        events.upTo(reader.endPosition(), e -> System.out.println(EventText.of(e)));
      }
      return 0;
    }
  }
}
