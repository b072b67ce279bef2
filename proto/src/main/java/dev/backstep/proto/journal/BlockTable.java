package dev.backstep.proto.journal;

import dev.backstep.proto.codec.SequenceCodec;
import dev.backstep.proto.v1.BlockDefinition;
import java.util.Arrays;
import java.util.List;

/// The blocks defined so far, by number. Grows chunk by chunk, in the order of the chunks; bounded.
public final class BlockTable {
  /// Block numbers are below this.
  public static final int MAX_BLOCKS = SequenceCodec.ENTRY_LIMIT;

  private static final int PAGE_BITS = 12;
  private static final int PAGE_MASK = (1 << PAGE_BITS) - 1;
  // Of all definitions together, with a guess of what the objects around them take.
  private static final long MAX_TOTAL_BYTES = 2L << 30;
  private static final int OBJECT_BYTES = 200;

  private BlockDefinition[][] pages = new BlockDefinition[16][];
  private int size;
  private int chunks;
  private long totalBytes;

  /// How many blocks are defined.
  public int size() {
    return size;
  }

  /// How many chunks' definitions are in the table: those of the chunks below this number.
  public int chunks() {
    return chunks;
  }

  /// Adds what the next chunk defines.
  public void add(DecodedChunk chunk) throws TraceFormatException {
    add(chunk, chunk.newBlocks());
  }

  void add(DecodedChunk chunk, List<BlockDefinition> blocks) throws TraceFormatException {
    if (chunk.number() != chunks) {
      throw new IllegalArgumentException("chunk " + chunk.number() + " after " + chunks);
    }
    for (BlockDefinition block : blocks) {
      define(chunk, block);
    }
    chunks++;
  }

  private void define(DecodedChunk chunk, BlockDefinition block) throws TraceFormatException {
    int number = block.getNumber();
    if (number < 0 || number >= MAX_BLOCKS) {
      throw chunk.flaw("defines block " + Integer.toUnsignedString(number));
    }
    if (contains(number)) {
      throw chunk.flaw("defines block " + number + " again");
    }
    totalBytes +=
        OBJECT_BYTES + (long) block.getCode().size() + block.getInstructionLengths().size();
    if (totalBytes > MAX_TOTAL_BYTES) {
      throw chunk.flaw("more code than this version can hold: " + size + " blocks before it");
    }
    int page = number >>> PAGE_BITS;
    if (page >= pages.length) {
      pages = Arrays.copyOf(pages, Math.max(page + 1, pages.length * 2));
    }
    if (pages[page] == null) {
      pages[page] = new BlockDefinition[1 << PAGE_BITS];
    }
    pages[page][number & PAGE_MASK] = block;
    size++;
  }

  public boolean contains(int number) {
    int page = number >>> PAGE_BITS;
    return number >= 0
        && page < pages.length
        && pages[page] != null
        && pages[page][number & PAGE_MASK] != null;
  }

  /// The definition of a block that the table [#contains].
  public BlockDefinition block(int number) {
    if (!contains(number)) {
      throw new IllegalArgumentException("block " + number + " is not defined");
    }
    return pages[number >>> PAGE_BITS][number & PAGE_MASK];
  }

  /// How many instructions a block has.
  public int instructionCount(int number) {
    return block(number).getInstructionLengths().size();
  }
}
