package dev.backstep.replay.listing;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.decode.Disassembler;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.recorder.BlockTranslation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// Decodes journaled blocks. Not safe for use by several threads at once.
public final class BlockDecoder {
  private static final String BAD = "(bad)";
  private static final int PAGE = 4096;

  private final Decoder decoder = new Decoder(Set.of());

  /// The instructions of a block, in order, at the lengths that were journaled.
  public List<BlockInstruction> instructions(BlockDefinition block) {
    byte[] code = block.getCode().toByteArray();
    CpuMode mode = BlockTranslation.mode(block.getMode());
    List<BlockInstruction> instructions = new ArrayList<>();
    int offset = 0;
    long rip = block.getRip();
    for (byte length : block.getInstructionLengths().toByteArray()) {
      byte[] bytes = Arrays.copyOfRange(code, offset, offset + length);
      DecodedInstruction decoded = decoder.decode(bytes, 0, length, mode, rip);
      String mnemonic = BAD;
      String text = BAD;
      if (decoded != null && decoded.length == length) {
        mnemonic = Disassembler.mnemonic(decoded);
        text = Disassembler.text(decoded);
      }
      instructions.add(new BlockInstruction(rip, gpa(block, offset), bytes, mnemonic, text));
      offset += length;
      rip = mode == CpuMode.LONG64 ? rip + length : rip + length & 0xFFFFFFFFL;
    }
    return instructions;
  }

  private static long gpa(BlockDefinition block, int offset) {
    long first = block.getGpaCount() == 0 ? 0 : block.getGpa(0);
    int inFirstPage = PAGE - (int) (first & PAGE - 1);
    if (offset < inFirstPage || block.getGpaCount() < 2) {
      return first + offset;
    }
    return block.getGpa(1) + offset - inFirstPage;
  }
}
