package dev.backstep.recorder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.backstep.emulator.decode.DecodedInstruction;
import dev.backstep.emulator.decode.Decoder;
import dev.backstep.emulator.execution.CodeBlock;
import dev.backstep.emulator.execution.CodeBlock.Place;
import dev.backstep.emulator.vcpu.CpuMode;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockTranslationTest {
  private static CodeBlock block(CpuMode mode, long secondPage) {
    byte[] code = {(byte) 0x90, (byte) 0xEB, (byte) 0xFE};
    Decoder decoder = new Decoder(Set.of());
    @Nullable DecodedInstruction nop = decoder.decode(code, 0, 3, mode, 0x1FFD);
    @Nullable DecodedInstruction jump = decoder.decode(code, 1, 2, mode, 0x1FFE);
    if (nop == null || jump == null) {
      throw new AssertionError("decodes");
    }
    return new CodeBlock(
        7,
        new Place(mode, 0x1FFD, 0x10, 0x5FFD, secondPage),
        code,
        new DecodedInstruction[] {nop, jump});
  }

  @ParameterizedTest
  @EnumSource(CpuMode.class)
  void keepsPlaceModeAndBytes(CpuMode mode) {
    BlockDefinition written = BlockTranslation.toProto(block(mode, -1));
    assertEquals(mode, BlockTranslation.mode(written.getMode()));
    assertEquals(7, written.getNumber());
    assertEquals(0x1FFD, written.getRip());
    assertEquals(0x10, written.getCsBase());
    assertEquals(List.of(0x5FFDL), written.getGpaList());
    assertEquals(3, written.getCode().size());
    assertArrayEquals(new byte[] {1, 2}, written.getInstructionLengths().toByteArray());
  }

  @Test
  void namesTheSecondPageOfABlockThatCrosses() {
    assertEquals(
        List.of(0x5FFDL, 0x9000L),
        BlockTranslation.toProto(block(CpuMode.LONG64, 0x9000)).getGpaList());
  }

  @ParameterizedTest
  @EnumSource(CodeMode.class)
  void refusesOnlyModesThatItDoesNotKnow(CodeMode mode) {
    if (mode == CodeMode.CODE_MODE_UNSPECIFIED || mode == CodeMode.UNRECOGNIZED) {
      assertThrows(IllegalArgumentException.class, () -> BlockTranslation.mode(mode));
    } else {
      assertEquals(
          mode, BlockTranslation.toProto(block(BlockTranslation.mode(mode), -1)).getMode());
    }
  }
}
