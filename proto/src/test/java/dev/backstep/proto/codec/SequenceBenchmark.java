package dev.backstep.proto.codec;

import dev.backstep.proto.v1.Column;
import java.util.Random;

/// Measures how fast sequences are encoded and decoded and how large they become. Run its main; no
/// test looks at the figures. Six instructions a block, as in a kernel's boot.
final class SequenceBenchmark {
  private static final int INSTRUCTIONS_PER_BLOCK = 6;
  private static final int ROUNDS = 200;

  private SequenceBenchmark() {}

  public static void main(String[] arguments) throws ColumnFormatException {
    measure("tight loops", loops(1, 4, 20_000));
    measure("nested loops, data-dependent branches", branches());
    measure("calls among 400 functions", calls(400, 20_000));
    measure("cold calls among 4,000 functions", calls(4_000, 60));
    measure("random", random());
  }

  private static void measure(String name, int[] entries) throws ColumnFormatException {
    Turns turns = new Turns();
    turns.add(0, entries.length);
    double instructions = (double) INSTRUCTIONS_PER_BLOCK * entries.length;
    try (ColumnEncoder encoder = new ColumnEncoder()) {
      ColumnDecoder decoder = new ColumnDecoder();
      Column column = encoder.sequence(entries, turns);
      double encodeSeconds = Double.MAX_VALUE;
      double decodeSeconds = Double.MAX_VALUE;
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        column = encoder.sequence(entries, turns);
        long encoded = System.nanoTime();
        decoder.sequence(column, turns);
        long decoded = System.nanoTime();
        encodeSeconds = Math.min(encodeSeconds, (encoded - start) / 1e9);
        decodeSeconds = Math.min(decodeSeconds, (decoded - encoded) / 1e9);
      }
      System.out.printf(
          "%-40s encode %5.0f, decode %5.0f million instructions/s, %.4f byte/instruction%n",
          name,
          instructions / encodeSeconds / 1e6,
          instructions / decodeSeconds / 1e6,
          column.getBytes().size() / instructions);
    }
  }

  private static int[] loops(int bodies, int bodyBlocks, int iterations) {
    Random random = new Random(1);
    int[] entries = new int[SequenceCodec.MAX_ENTRIES];
    int at = 0;
    while (at < entries.length) {
      int body = random.nextInt(bodies) * bodyBlocks;
      int rounds = 1 + random.nextInt(iterations);
      for (int i = 0; i < rounds * bodyBlocks && at < entries.length; i++) {
        entries[at++] = body + i % bodyBlocks;
      }
    }
    return entries;
  }

  private static int[] branches() {
    Random random = new Random(2);
    int[] entries = new int[SequenceCodec.MAX_ENTRIES];
    int block = 0;
    for (int i = 0; i < entries.length; i++) {
      entries[i] = block;
      boolean unusual = random.nextInt(100) < (block % 7 == 0 ? 30 : 1);
      block = (block * 5 + (unusual ? 13 : 1)) % 997;
    }
    return entries;
  }

  /// Functions of 20 blocks, each with a fixed branch or call per block, numbered by first use.
  private static int[] calls(int functions, int phaseBlocks) {
    Random random = new Random(4);
    int blocks = functions * 20;
    int[] target = random.ints(blocks, 0, functions).map(f -> f * 20).toArray();
    int[] kind = random.ints(blocks, 0, 10).toArray();
    int[] number = new int[blocks];
    int numbered = 0;
    int[] entries = new int[SequenceCodec.MAX_ENTRIES];
    int[] stack = new int[16];
    int depth = 0;
    int block = 0;
    for (int i = 0; i < entries.length; i++) {
      if (number[block] == 0) {
        number[block] = ++numbered;
      }
      entries[i] = number[block];
      boolean last = block % 20 == 19;
      boolean unusual = random.nextInt(20) == 0;
      if (i % phaseBlocks == phaseBlocks - 1) {
        block = random.nextInt(functions) * 20;
      } else if (kind[block] < 2 && !last && depth < stack.length) {
        stack[depth++] = block + 1;
        block = target[block];
      } else if (last) {
        block = depth > 0 ? stack[--depth] : target[block];
      } else if (kind[block] < 4 && unusual) {
        block -= block % 20;
      } else {
        block++;
      }
    }
    return entries;
  }

  private static int[] random() {
    Random random = new Random(3);
    return random.ints(SequenceCodec.MAX_ENTRIES, 0, 50_000).toArray();
  }
}
