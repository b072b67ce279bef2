package dev.backstep.replay.listing;

import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.ChunkWalk;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.v1.BlockDefinition;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Lists executed instructions of a trace in the order in which they ran.
public final class TraceListing {
  private final TraceReader reader;
  private final BlockDecoder decoder = new BlockDecoder();
  private final Map<Integer, List<BlockInstruction>> decoded = new HashMap<>();
  private final BlockTable blocks = new BlockTable();

  public TraceListing(TraceReader reader) {
    this.reader = reader;
  }

  /// Sees instructions one after the other.
  public interface Visitor {
    /// @return whether to go on
    boolean visit(ListedInstruction instruction) throws IOException;
  }

  /// Visits the instructions from `position` on until the visitor has enough or the trace ends.
  public void from(long position, Visitor visitor) throws IOException {
    if (reader.chunkCount() == 0 || Long.compareUnsigned(position, reader.endPosition()) >= 0) {
      return;
    }
    for (int k = reader.chunkAt(position); k < reader.chunkCount(); k++) {
      if (!chunk(k, position, visitor)) {
        return;
      }
    }
  }

  private boolean chunk(int number, long position, Visitor visitor) throws IOException {
    DecodedChunk chunk = reader.chunk(number);
    reader.blocksThrough(number, blocks);
    for (ChunkWalk walk = new ChunkWalk(chunk, blocks); walk.next(); ) {
      long first = walk.position();
      int count = walk.instructions();
      if (first + count <= position) {
        continue;
      }
      List<BlockInstruction> instructions = instructionsOf(walk.blockNumber());
      for (int k = (int) Math.max(0, position - first); k < count; k++) {
        if (!visitor.visit(new ListedInstruction(first + k, walk.vcpu(), instructions.get(k)))) {
          return false;
        }
      }
    }
    return true;
  }

  private List<BlockInstruction> instructionsOf(int blockNumber) {
    return decoded.computeIfAbsent(blockNumber, n -> decoder.instructions(blocks.block(n)));
  }

  /// The last `count` instructions before `position`, a line each, oldest first.
  public List<String> linesBefore(long position, int count) throws IOException {
    Deque<String> lines = new ArrayDeque<>();
    from(
        Math.max(0, position - count),
        i -> {
          if (i.position() >= position) {
            return false;
          }
          lines.add(line(i));
          return true;
        });
    return new ArrayList<>(lines);
  }

  /// `position vcpu address bytes text`, as `show` prints it.
  public static String line(ListedInstruction listed) {
    BlockInstruction i = listed.instruction();
    return "%12d  vcpu%d  %016x  %-30s  %s"
        .formatted(
            listed.position(),
            listed.vcpu(),
            i.rip(),
            HexFormat.ofDelimiter(" ").formatHex(i.bytes()),
            i.text());
  }

  /// A code block in one line: where it is and what it starts with.
  public static String describe(BlockDefinition block) {
    BlockInstruction first = new BlockDecoder().instructions(block).getFirst();
    return "block %d at 0x%x (%s, %d instructions, first: %s)"
        .formatted(
            block.getNumber(),
            block.getRip(),
            block.getMode().name().toLowerCase(Locale.ROOT),
            block.getInstructionLengths().size(),
            first.text());
  }

  /// One entry of a block sequence in one line.
  ///
  /// @param entry a block's number, or `~k`: the block before it was left after k instructions
  public static String describe(int vcpu, int entry, BlockTable blocks) {
    if (entry < 0) {
      return "vcpu%d leaves its block after %d instructions".formatted(vcpu, ~entry);
    }
    if (!blocks.contains(entry)) {
      return "vcpu%d runs block %d, which is not in the journal".formatted(vcpu, entry);
    }
    return "vcpu%d runs %s".formatted(vcpu, describe(blocks.block(entry)));
  }
}
