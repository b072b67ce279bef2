package dev.backstep.proto.journal;

import java.io.IOException;
import java.nio.file.Path;

/// A recorder that writes chunks until it is killed, and says after each how many there are.
final class KilledWriter {
  static final int TURNS = 30;

  private KilledWriter() {}

  public static void main(String[] arguments) throws IOException {
    RandomRun run = new RandomRun(Long.parseLong(arguments[1]), 3);
    TraceWriter writer = TraceWriter.create(Path.of(arguments[0]), RandomRun.manifest());
    ChunkBuilder builder = new ChunkBuilder();
    while (true) {
      run.fill(builder, TURNS);
      int number = writer.append(builder);
      System.out.println(number);
    }
  }
}
