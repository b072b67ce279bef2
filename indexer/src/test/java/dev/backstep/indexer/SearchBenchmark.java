package dev.backstep.indexer;

import com.google.protobuf.ByteString;
import dev.backstep.indexer.query.QueryException;
import dev.backstep.indexer.query.TraceQueryParser;
import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceWriter;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Event;
import dev.backstep.proto.v1.IoEvent;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// Measures searches over a made-up run the size of a kernel's boot. Not a test: run its `main`
/// with a folder, the millions of instructions and the thousands of events.
final class SearchBenchmark {
  private static final int BLOCKS = 40_000;
  private static final byte[][] CODE = {
    {(byte) 0x89, (byte) 0xd8}, // mov
    {0x01, (byte) 0xd8}, // add
    {0x48, (byte) 0x89, (byte) 0xe5}, // mov
    {0x50}, // push
    {0x39, (byte) 0xd8}, // cmp
    {0x74, 0x00}, // je
  };
  private static final byte[] CPUID = {0x0f, (byte) 0xa2};

  private final Random random = new Random(1);
  private final int[] instructions = new int[BLOCKS];
  private int defined;
  private long position;

  private SearchBenchmark() {}

  /// @param args folder of the trace, millions of instructions, thousands of events
  public static void main(String[] args) throws IOException, QueryException {
    Path trace = Path.of(args[0]);
    if (!Files.exists(trace)) {
      new SearchBenchmark()
          .write(trace, Long.parseLong(args[1]) * 1_000_000, Double.parseDouble(args[2]) * 1_000);
    }
    try (TraceReader reader = TraceReader.open(trace)) {
      long start = cpuNs();
      TraceIndexer.Added added = TraceIndexer.bring(reader, (_, _) -> {});
      System.out.printf(
          Locale.ROOT,
          "index: %.0f ms for %d chunks, %d events, %d instructions%n",
          (cpuNs() - start) / 1e6,
          added.chunks(),
          added.events(),
          reader.endPosition());
      for (int round = 0; round < 3; round++) {
        for (String query :
            List.of(
                "mnemonic:cpuid",
                "kind:io AND port:0x3f8",
                "kind:io AND port:0x3f8 AND value:[0x10 TO 0x1f]",
                "kind:instruction",
                "kind:instruction AND NOT mnemonic:mov",
                "kind:instruction AND vcpu:1 AND mnemonic:push",
                "kind:instruction AND position:[1000000 TO 30000000] AND bytes:0fa2")) {
          measure(reader, query);
        }
      }
    }
  }

  private static void measure(TraceReader reader, String text) throws IOException, QueryException {
    long start = cpuNs();
    long count;
    long opened;
    try (TraceSearch search = TraceSearch.open(reader, (_, _) -> {})) {
      opened = cpuNs();
      count = search.count(TraceQueryParser.parse(text));
    }
    System.out.printf(
        Locale.ROOT,
        "open %6.1f ms, count %8.1f ms: %10d %s%n",
        (opened - start) / 1e6,
        (cpuNs() - opened) / 1e6,
        count,
        text);
  }

  /// Of this thread: the machine may be busy with other things.
  private static long cpuNs() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private void write(Path trace, long total, double events) throws IOException {
    double eventsPerInstruction = events / total;
    try (TraceWriter writer = SampleRun.create(trace)) {
      ChunkBuilder builder = new ChunkBuilder();
      double owed = 0;
      while (position < total) {
        long before = position;
        int vcpu = random.nextInt(2);
        loop(builder, vcpu);
        for (owed += (position - before) * eventsPerInstruction; owed >= 1; owed--) {
          builder.event(
              Event.newBuilder()
                  .setPosition(position)
                  .setVcpu(vcpu)
                  .setRip(random.nextInt(1 << 20))
                  .setTimeNs(position)
                  .setIo(
                      IoEvent.newBuilder()
                          .setOp("write")
                          .setPort(random.nextInt(50) == 0 ? 0x3f8 : 0x80)
                          .setSize(1)
                          .setValue(random.nextInt(256))
                          .setDevice("post"))
                  .build());
        }
        if (builder.isFull() || builder.room() < 10_000) {
          writer.append(builder);
        }
      }
      if (!builder.isEmpty()) {
        writer.append(builder);
      }
      writer.finish(End.newBuilder().setReason("debug-exit").setFinalPosition(position).build());
    }
  }

  private void loop(ChunkBuilder builder, int vcpu) {
    int length = 1 + random.nextInt(8);
    int times = 1 + random.nextInt(200);
    int[] sequence = new int[length * times];
    int first = random.nextInt(BLOCKS);
    while (defined < BLOCKS && defined <= first % Math.max(1, defined + 20) + length) {
      define(builder);
    }
    first %= Math.max(1, defined - length);
    long ran = 0;
    for (int k = 0; k < sequence.length; k++) {
      int block = first + k % length;
      sequence[k] = block;
      ran += instructions[block];
    }
    builder.run(vcpu, sequence, 0, sequence.length, ran);
    position += ran;
  }

  private void define(ChunkBuilder builder) {
    ByteString.Output code = ByteString.newOutput();
    ByteString.Output lengths = ByteString.newOutput();
    int count = 1 + random.nextInt(9);
    for (int k = 0; k < count; k++) {
      byte[] one = random.nextInt(10_000) == 0 ? CPUID : CODE[random.nextInt(CODE.length)];
      code.write(one, 0, one.length);
      lengths.write(one.length);
    }
    instructions[defined] = count;
    builder.block(
        BlockDefinition.newBuilder()
            .setNumber(defined)
            .setMode(CodeMode.LONG_64)
            .setRip(0xffffffff81000000L + defined * 64L)
            .addGpa(0x1000000 + defined * 64L)
            .setCode(code.toByteString())
            .setInstructionLengths(lengths.toByteString())
            .build());
    defined++;
  }
}
