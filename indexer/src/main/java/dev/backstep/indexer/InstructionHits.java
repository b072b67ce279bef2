package dev.backstep.indexer;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Matching instructions one after the other.
final class InstructionHits implements HitStream {
  private final InstructionScan scan;
  private boolean inChunk;
  private int next;
  private int executed;

  InstructionHits(InstructionScan scan) {
    this.scan = scan;
  }

  @Override
  public @Nullable Hit next() throws IOException {
    while (true) {
      while (next < executed) {
        int index = next++;
        if (scan.matches(index)) {
          return Hit.of(scan.position() + index, scan.vcpu(), scan.instruction(index));
        }
      }
      if (inChunk && scan.nextRun()) {
        next = 0;
        executed = scan.executed();
      } else if (!(inChunk = scan.nextChunk())) {
        return null;
      }
    }
  }
}
