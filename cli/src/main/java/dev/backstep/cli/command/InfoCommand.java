package dev.backstep.cli.command;

import com.google.gson.stream.JsonWriter;
import com.google.protobuf.util.JsonFormat;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceVerifier;
import dev.backstep.proto.v1.Configuration;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Image;
import dev.backstep.proto.v1.KindCount;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.util.HexFormat;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `backstep info`: what a trace holds.
@Command(
    name = "info",
    description = "Tells what ran, how it ended, what is in the trace, and whether it is whole.",
    mixinStandardHelpOptions = true)
public final class InfoCommand implements Callable<Integer> {
  @Mixin private TraceArgument trace = new TraceArgument();
  @Mixin private DebugOption debug = new DebugOption();

  @Option(names = "--json", description = "print one JSON object")
  private boolean json;

  @Option(names = "--verify", description = "read every byte and check every checksum")
  private boolean verify;

  @Override
  public Integer call() throws Exception {
    try (TraceReader reader = trace.openQuietly()) {
      if (verify) {
        TraceVerifier.verify(reader);
        System.err.println("verified: every checksum holds");
      }
      if (json) {
        printJson(reader);
      } else {
        print(reader);
      }
      return reader.damage().isPresent() ? 1 : 0;
    }
  }

  private static void print(TraceReader reader) {
    Manifest manifest = reader.manifest();
    Configuration c = manifest.getConfiguration();
    line("trace", reader.trace().toString());
    line("state", reader.state());
    line("recorded by", "backstep " + manifest.getBackstepVersion());
    line("command", String.join(" ", manifest.getArgumentsList()));
    line("platform", c.getPlatform());
    String cpu =
        c.getCpuFlagsCount() == 0
            ? c.getCpuModel()
            : c.getCpuModel() + "," + String.join(",", c.getCpuFlagsList());
    line("machine", "%d vCPU(s) %s, %d MiB".formatted(c.getVcpus(), cpu, c.getMemoryBytes() >> 20));
    for (String injection : c.getInjectionsList()) {
      line("injection", injection);
    }
    for (Image image : manifest.getImagesList()) {
      String digest = HexFormat.of().formatHex(image.getSha256().toByteArray());
      line(
          image.getRole(),
          image.getPath() + " (" + image.getSize() + " bytes, sha256 " + digest + ")");
    }
    line("instructions", "%d in %d chunks".formatted(reader.endPosition(), reader.chunkCount()));
    if (manifest.hasEnd()) {
      printEnd(manifest.getEnd());
    }
  }

  private static void printEnd(End end) {
    line("ended by", end.getReason() + ", exit status " + end.getExitStatus());
    line("virtual time", String.format(Locale.ROOT, "%.6f s", end.getFinalTimeNs() / 1e9));
    line("final digest", HexFormat.of().formatHex(end.getFinalDigest().toByteArray()));
    line("code blocks", Long.toUnsignedString(end.getBlocks()));
    for (KindCount kind : end.getKindCountsList()) {
      line("events " + kind.getKind(), Long.toUnsignedString(kind.getCount()));
    }
  }

  private static void line(String name, String value) {
    System.out.printf("%-22s %s%n", name, value);
  }

  private static void printJson(TraceReader reader) throws IOException {
    String manifest =
        JsonFormat.printer()
            .preservingProtoFieldNames()
            .omittingInsignificantWhitespace()
            .print(reader.manifest());
    StringWriter line = new StringWriter();
    try (JsonWriter json = new JsonWriter(line)) {
      json.beginObject();
      json.name("trace").value(reader.trace().toString());
      json.name("complete").value(reader.isComplete());
      json.name("state").value(reader.state());
      json.name("instructions").value(new BigInteger(Long.toUnsignedString(reader.endPosition())));
      json.name("chunks").value(reader.chunkCount());
      json.name("manifest").jsonValue(manifest);
      json.endObject();
    }
    System.out.println(line);
  }
}
