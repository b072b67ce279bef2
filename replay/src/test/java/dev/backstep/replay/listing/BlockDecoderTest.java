package dev.backstep.replay.listing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import dev.backstep.proto.v1.BlockDefinition;
import dev.backstep.proto.v1.CodeMode;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlockDecoderTest {
  private static BlockDefinition block(CodeMode mode, long rip, byte[] code, byte... lengths) {
    return BlockDefinition.newBuilder()
        .setMode(mode)
        .setRip(rip)
        .addGpa(0x5FFE)
        .setCode(ByteString.copyFrom(code))
        .setInstructionLengths(ByteString.copyFrom(lengths))
        .build();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int k = 0; k < values.length; k++) {
      bytes[k] = (byte) values[k];
    }
    return bytes;
  }

  @Test
  void givesEachInstructionItsPlaceAndBytes() {
    List<BlockInstruction> i =
        new BlockDecoder()
            .instructions(
                block(
                    CodeMode.LONG_64,
                    0xFFFF_FFFF_8000_0FFEL,
                    bytes(0x90, 0x0F, 0x30),
                    (byte) 1,
                    (byte) 2));
    assertEquals(2, i.size());
    assertEquals("nop", i.getFirst().mnemonic());
    assertEquals("wrmsr", i.getLast().mnemonic());
    assertEquals(0xFFFF_FFFF_8000_0FFFL, i.getLast().rip());
    assertEquals(0x5FFF, i.getLast().gpa());
    assertArrayEquals(bytes(0x0F, 0x30), i.getLast().bytes());
  }

  @Test
  void decodesTheSameBytesByTheirMode() {
    byte[] code = bytes(0x48, 0x05, 0x01, 0x00, 0x00, 0x00);
    BlockDecoder decoder = new BlockDecoder();
    assertEquals(
        List.of("add"),
        decoder.instructions(block(CodeMode.LONG_64, 0, code, (byte) 6)).stream()
            .map(BlockInstruction::mnemonic)
            .toList());
    assertEquals(
        List.of("dec", "add"),
        decoder.instructions(block(CodeMode.PROTECTED_32, 0, code, (byte) 1, (byte) 5)).stream()
            .map(BlockInstruction::mnemonic)
            .toList());
  }

  @Test
  void saysBadWhereBytesAreNoInstructionOfThatLength() {
    BlockDecoder decoder = new BlockDecoder();
    assertEquals(
        "(bad)",
        decoder
            .instructions(block(CodeMode.LONG_64, 0, bytes(0x0F, 0xFF), (byte) 2))
            .getFirst()
            .mnemonic());
    assertEquals(
        "(bad)",
        decoder
            .instructions(block(CodeMode.LONG_64, 0, bytes(0x90, 0x90), (byte) 2))
            .getFirst()
            .text());
  }

  @Test
  void takesTheSecondPageOfAnInstructionThatCrosses() {
    BlockDefinition crossing =
        block(CodeMode.LONG_64, 0xFFE, bytes(0x90, 0x90, 0x90), (byte) 1, (byte) 1, (byte) 1)
            .toBuilder()
            .addGpa(0x9000)
            .build();
    List<BlockInstruction> i = new BlockDecoder().instructions(crossing);
    assertEquals(0x5FFF, i.get(1).gpa());
    assertEquals(0x9000, i.get(2).gpa());
  }

  @Test
  void wrapsAddressesAtFourGiBOutsideOf64BitMode() {
    BlockDefinition high =
        block(CodeMode.PROTECTED_32, 0xFFFF_FFFFL, bytes(0x90, 0x90), (byte) 1, (byte) 1);
    assertEquals(0, new BlockDecoder().instructions(high).getLast().rip());
  }
}
