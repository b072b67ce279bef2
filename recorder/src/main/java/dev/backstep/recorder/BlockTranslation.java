package dev.backstep.recorder;

import com.google.protobuf.ByteString;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;

/// How a code block is written into the journal, and how its mode is read back.
public final class BlockTranslation {
  private BlockTranslation() {}

  public static BlockDefinition toProto(CodeBlock block) {
    byte[] lengths = new byte[block.count];
    for (int k = 0; k < block.count; k++) {
      lengths[k] = (byte) block.instructions[k].length;
    }
    CodeBlock.Place place = block.place;
    BlockDefinition.Builder b =
        BlockDefinition.newBuilder()
            .setNumber(block.number)
            .setMode(mode(place.mode()))
            .setRip(place.rip())
            .setCsBase(place.codeBase())
            .addGpa(place.gpa())
            .setCode(ByteString.copyFrom(block.bytes))
            .setInstructionLengths(ByteString.copyFrom(lengths));
    if (place.crossesPage()) {
      b.addGpa(place.secondPageGpa());
    }
    return b.build();
  }

  private static CodeMode mode(CpuMode mode) {
    return switch (mode) {
      case REAL -> CodeMode.REAL;
      case REAL32 -> CodeMode.REAL_32;
      case VM86 -> CodeMode.VIRTUAL_8086;
      case PROTECTED16 -> CodeMode.PROTECTED_16;
      case PROTECTED32 -> CodeMode.PROTECTED_32;
      case COMPATIBILITY16 -> CodeMode.COMPATIBILITY_16;
      case COMPATIBILITY32 -> CodeMode.COMPATIBILITY_32;
      case LONG64 -> CodeMode.LONG_64;
    };
  }

  /// The mode to decode a journaled block in.
  ///
  /// @throws IllegalArgumentException if the journal names no mode that this version knows
  public static CpuMode mode(CodeMode mode) {
    return switch (mode) {
      case REAL -> CpuMode.REAL;
      case REAL_32 -> CpuMode.REAL32;
      case VIRTUAL_8086 -> CpuMode.VM86;
      case PROTECTED_16 -> CpuMode.PROTECTED16;
      case PROTECTED_32 -> CpuMode.PROTECTED32;
      case COMPATIBILITY_16 -> CpuMode.COMPATIBILITY16;
      case COMPATIBILITY_32 -> CpuMode.COMPATIBILITY32;
      case LONG_64 -> CpuMode.LONG64;
      case CODE_MODE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("no code mode " + mode);
    };
  }
}
