package dev.backstep.proto.codec;

import dev.backstep.proto.v1.BlockBatch;
import dev.backstep.proto.v1.BlockDefinition;
import java.util.ArrayList;
import java.util.List;

/// The definitions of the blocks that a chunk runs for the first time.
public final class BlockColumn {
  /// The most definitions of one chunk.
  public static final int MAX_BLOCKS = 1 << 16;

  /// The most instructions of one block.
  public static final int MAX_INSTRUCTIONS = 4096;

  // SDM Vol. 2 "Instruction Format": no instruction is longer than 15 bytes.
  private static final int MAX_INSTRUCTION_BYTES = 15;

  private BlockColumn() {}

  public static BlockBatch pack(List<BlockDefinition> blocks) {
    for (BlockDefinition block : blocks) {
      String flaw = flaw(block);
      if (!flaw.isEmpty()) {
        throw new IllegalArgumentException("block " + block.getNumber() + " " + flaw);
      }
    }
    return BlockBatch.newBuilder().addAllBlock(blocks).build();
  }

  public static List<BlockDefinition> unpack(byte[] column, int count)
      throws ColumnFormatException {
    if (count < 0 || count > MAX_BLOCKS) {
      throw new ColumnFormatException("declares " + Integer.toUnsignedLong(count) + " blocks");
    }
    List<BlockDefinition> blocks = new ArrayList<>(count);
    BatchReader in = new BatchReader(column, BlockBatch.getDescriptor());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      if (tag >>> 3 == BlockBatch.BLOCK_FIELD_NUMBER) {
        in.message(tag, BlockDefinition.parser(), blocks, count);
      } else {
        in.skip(tag);
      }
    }
    if (blocks.size() != count) {
      throw new ColumnFormatException(
          "holds " + blocks.size() + " of the " + count + " blocks declared");
    }
    for (BlockDefinition block : blocks) {
      String flaw = flaw(block);
      if (!flaw.isEmpty()) {
        throw new ColumnFormatException(
            "has block " + Integer.toUnsignedString(block.getNumber()) + ", which " + flaw);
      }
    }
    return blocks;
  }

  /// What is wrong with a definition taken by itself; empty if nothing.
  private static String flaw(BlockDefinition block) {
    int instructions = block.getInstructionLengths().size();
    if (instructions == 0 || instructions > MAX_INSTRUCTIONS) {
      return "has " + instructions + " instructions";
    }
    int bytes = 0;
    for (int i = 0; i < instructions; i++) {
      int length = block.getInstructionLengths().byteAt(i);
      if (length <= 0 || length > MAX_INSTRUCTION_BYTES) {
        return "has an instruction of " + (length & 0xFF) + " bytes";
      }
      bytes += length;
    }
    if (bytes != block.getCode().size()) {
      return "has " + block.getCode().size() + " bytes of code in instructions of " + bytes;
    }
    if (block.getGpaCount() == 0) {
      return "has no guest-physical address";
    }
    return switch (block.getMode()) {
      case REAL,
          REAL_32,
          VIRTUAL_8086,
          PROTECTED_16,
          PROTECTED_32,
          COMPATIBILITY_16,
          COMPATIBILITY_32,
          LONG_64 ->
          "";
      case CODE_MODE_UNSPECIFIED, UNRECOGNIZED -> "has no known mode";
    };
  }
}
