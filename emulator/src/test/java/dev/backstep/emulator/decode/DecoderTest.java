package dev.backstep.emulator.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.vcpu.CpuMode;
import java.util.HexFormat;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DecoderTest {
  private static final int FS = 4;
  private static final int DS = 3;
  private static final int SS = 2;
  private static final int CS = 1;

  private final Decoder decoder = new Decoder(Set.of());

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private DecodedInstruction decode(CpuMode mode, long rip, String hex) {
    byte[] code = bytes(hex);
    DecodedInstruction instruction = decoder.decode(code, 0, code.length, mode, rip);
    assertNotNull(instruction, hex);
    return instruction;
  }

  private DecodedInstruction decode64(String hex) {
    return decode(CpuMode.LONG64, 0x1000, hex);
  }

  private String mnemonic64(String hex) {
    return decode64(hex).opcode.mnemonic();
  }

  @Test
  void ripRelativeDisplacementIsAbsoluteAndCountsTheImmediate() {
    DecodedInstruction i = decode64("48 81 05 10 00 00 00 01 02 03 84");
    assertEquals(0x1000 + 11 + 0x10, i.displacement);
    assertTrue(i.ripRelative);
    assertEquals(0xFFFFFFFF84030201L, i.immediate);
    assertEquals(8, Operands.bytes(i.operand1));
  }

  @Test
  void ripRelativeWithAddressSizePrefixWrapsAt32Bits() {
    DecodedInstruction i = decode(CpuMode.LONG64, 0xFFFFFFF0L, "67 8B 05 20 00 00 00");
    assertEquals(0x17, i.effectiveAddress(new long[17]));
  }

  @Test
  void lastMandatoryPrefixWins() {
    assertEquals("MOVSS", mnemonic64("F2 F3 0F 10 C0"));
    assertEquals("MOVSD", mnemonic64("F3 F2 0F 10 C0"));
    assertEquals("MOVSD", mnemonic64("F2 66 0F 10 C0"));
    assertEquals("MOVUPD", mnemonic64("66 0F 10 C0"));
  }

  @Test
  void rexCountsOnlyRightBeforeTheOpcode() {
    assertEquals(4, decode64("48 66 67 90").length);
    assertEquals(2, decode64("48 66 01 C0").operandBytes);
    assertEquals(8, decode64("66 48 01 C0").operandBytes);
  }

  @Test
  void rexMakesHighByteRegistersLowOnes() {
    assertEquals(Operands.of(Operands.GPR_HIGH_BYTE, 0, 1), decode64("88 E0").operand1);
    assertEquals(Operands.of(Operands.GPR, 4, 1), decode64("40 88 E0").operand1);
    assertEquals(Operands.of(Operands.GPR, 12, 1), decode64("44 88 E0").operand1);
  }

  @Test
  void lockNeedsALockableFormWithAMemoryDestination() {
    assertEquals("ADD", mnemonic64("F0 01 00"));
    assertSame(Opcode.INVALID, decode64("F0 01 C0").opcode);
    assertSame(Opcode.INVALID, decode64("F0 03 00").opcode);
    assertSame(Opcode.INVALID, decode64("F0 39 00").opcode);
    assertSame(Opcode.INVALID, decode64("F0 90").opcode);
  }

  @Test
  void fifteenBytesDecodeAndSixteenAreTooLong() {
    assertEquals(15, decode64("66".repeat(14) + "90").length);
    assertSame(Opcode.TOO_LONG, decode64("66".repeat(15) + "90").opcode);
    assertSame(Opcode.TOO_LONG, decode64("66".repeat(13) + "05 00 00 00 00").opcode);
  }

  @Test
  void tooLongIsSeenWithoutTheBytesAfterTheFifteenth() {
    byte[] code = bytes("66".repeat(15));
    assertNotNull(decoder.decode(code, 0, 15, CpuMode.LONG64, 0));
    assertNull(decoder.decode(code, 0, 14, CpuMode.LONG64, 0));
    assertEquals(15, decoder.bytesNeeded());
  }

  @Test
  void truncatedInstructionSaysHowManyBytesItNeeds() {
    byte[] code = bytes("48 B8 11 22 33");
    assertNull(decoder.decode(code, 0, 5, CpuMode.LONG64, 0));
    assertEquals(10, decoder.bytesNeeded());
    assertNull(decoder.decode(code, 0, 1, CpuMode.LONG64, 0));
    assertEquals(2, decoder.bytesNeeded());
  }

  @Test
  void segmentDefaultsToSsForStackBases() {
    assertEquals(SS, decode64("8B 45 00").segment);
    assertEquals(SS, decode64("8B 04 24").segment);
    assertEquals(DS, decode64("41 8B 45 00").segment);
    assertEquals(DS, decode64("8B 04 2D 00 00 00 00").segment);
    assertEquals(SS, decode(CpuMode.REAL, 0, "8B 42 00").segment);
    assertEquals(DS, decode(CpuMode.REAL, 0, "8B 40 00").segment);
  }

  @Test
  void inLongModeOnlyFsAndGsOverridesCount() {
    assertEquals(FS, decode64("64 2E 8B 00").segment);
    assertEquals(DS, decode64("2E 8B 00").segment);
    assertEquals(CS, decode(CpuMode.PROTECTED32, 0, "64 2E 8B 00").segment);
  }

  @Test
  void nearBranchesIgnoreTheOperandSizeIn64BitMode() {
    DecodedInstruction i = decode64("66 E8 00 00 00 00");
    assertEquals(6, i.length);
    assertEquals(0x1006, i.immediate);
    assertEquals(8, i.operandBytes);
  }

  @Test
  void sixteenBitBranchTargetsWrapAt16Bits() {
    assertEquals(0x0001, decode(CpuMode.REAL, 0xFFF0, "EB 0F").immediate);
    assertEquals(0xFFF2, decode(CpuMode.REAL, 0, "EB F0").immediate);
    assertEquals(0xFFFFFFF6L, decode(CpuMode.PROTECTED32, 4, "EB F0").immediate);
    assertEquals(0xFFF7, decode(CpuMode.PROTECTED32, 4, "66 EB F0").immediate);
  }

  @Test
  void instructionPointerAdvancesAsEipOutside64BitMode() {
    assertEquals(0x10000, decode(CpuMode.REAL, 0xFFFF, "90").nextRip);
    assertEquals(0, decode(CpuMode.PROTECTED32, 0xFFFFFFFFL, "90").nextRip);
    assertEquals(0x100000000L, decode(CpuMode.LONG64, 0xFFFFFFFFL, "90").nextRip);
  }

  @Test
  void opcode90IsNopPauseOrExchange() {
    assertEquals("NOP", mnemonic64("90"));
    assertEquals("NOP", mnemonic64("48 90"));
    assertEquals("PAUSE", mnemonic64("F3 90"));
    assertEquals("XCHG", mnemonic64("41 90"));
    // As an AMD EPYC does it: RAX and R8 are exchanged.
    assertEquals("XCHG", mnemonic64("F3 41 90"));
  }

  @Test
  void legacyFormsAreUndefinedIn64BitMode() {
    for (String hex :
        new String[] {"06", "27", "60", "62 00", "82 00 00", "9A", "C4 00 00", "D6"}) {
      assertSame(Opcode.INVALID, decode64(hex + "00 00 00 00 00 00").opcode, hex);
    }
    assertEquals("LES", decode(CpuMode.PROTECTED32, 0, "C4 00").opcode.mnemonic());
    assertEquals("INC", decode(CpuMode.PROTECTED32, 0, "40").opcode.mnemonic());
    assertEquals("ADD", decode(CpuMode.PROTECTED32, 0, "82 C0 01").opcode.mnemonic());
  }

  @Test
  void vexIsThereWhereItCanBeNothingElse() {
    String vzeroupper = "C5 F8 77";
    for (CpuMode mode : CpuMode.values()) {
      String expected = mode.isRealStyle() ? "(bad)" : "VZEROUPPER";
      assertEquals(expected, decode(mode, 0, vzeroupper).opcode.mnemonic(), mode.toString());
    }
    assertEquals("VZEROUPPER", mnemonic64("C4 E1 78 77"));
    for (String prefix : new String[] {"66", "F2", "F3", "F0", "40", "48"}) {
      assertSame(Opcode.INVALID, decode64(prefix + vzeroupper).opcode, prefix);
    }
    assertEquals("VZEROUPPER", mnemonic64("67 64 " + vzeroupper));
    // VEX.vvvv names no operand and is not 1111b; maps 0 and 4 do not exist.
    assertSame(Opcode.INVALID, decode64("C5 F0 77").opcode);
    assertSame(Opcode.INVALID, decode64("C4 E0 78 77").opcode);
    assertSame(Opcode.INVALID, decode64("C4 E4 78 77").opcode);
  }

  @Test
  void vexExtendsRegistersIn64BitModeOnly() {
    DecodedInstruction i = decode64("C4 01 3D FC C1"); // vpaddb ymm8, ymm8, ymm9
    assertEquals("vpaddb ymm8,ymm8,ymm9", Disassembler.text(i));
    assertEquals(32, Operands.bytes(i.operand0));
    // In other modes B and the top bit of vvvv are ignored.
    DecodedInstruction narrow = decode(CpuMode.PROTECTED32, 0, "C4 C1 39 FC C1");
    assertEquals("vpaddb xmm0,xmm0,xmm1", Disassembler.text(narrow));
  }

  @Test
  void vsibTakesItsIndexFromAVectorRegister() {
    DecodedInstruction i = decode64("C4 E2 69 92 4C A0 08");
    assertEquals("vgatherdps xmm1,DWORD PTR [rax+xmm4*4+0x8],xmm2", Disassembler.text(i));
    assertSame(Opcode.INVALID, decode64("C4 E2 69 92 48 08").opcode);
  }

  @Test
  void protectedModeFormsAreUndefinedInRealAndVirtual8086Mode() {
    assertSame(Opcode.INVALID, decode(CpuMode.REAL, 0, "0F 00 D8").opcode);
    assertSame(Opcode.INVALID, decode(CpuMode.VM86, 0, "63 C0").opcode);
    assertEquals("LTR", decode(CpuMode.PROTECTED16, 0, "0F 00 D8").opcode.mnemonic());
    assertEquals("LGDT", decode(CpuMode.REAL, 0, "0F 01 10").opcode.mnemonic());
  }

  @Test
  void registersThatDoNotExistAreUndefined() {
    assertSame(Opcode.INVALID, decode64("0F 20 C8").opcode);
    assertSame(Opcode.INVALID, decode64("44 0F 21 C0").opcode);
    assertSame(Opcode.INVALID, decode64("8E C8").opcode);
    assertSame(Opcode.INVALID, decode64("8C F0").opcode);
    assertEquals(8, Operands.register(decode64("44 0F 20 C0").operand1));
  }

  @Test
  void movOfControlRegistersIgnoresMod() {
    DecodedInstruction i = decode64("0F 20 00 90 90");
    assertEquals(3, i.length);
    assertEquals(Operands.of(Operands.GPR, 0, 8), i.operand0);
  }

  @Test
  void loadOfSsEndsItsBlockAndOtherSegmentLoadsDoNot() {
    assertTrue(decode64("8E D0").endsBlock());
    assertFalse(decode64("8E D8").endsBlock());
  }

  @Test
  void onlyRepeatedStringInstructionsEndTheirBlock() {
    assertFalse(decode64("A4").endsBlock());
    assertTrue(decode64("F3 A4").endsBlock());
    assertTrue(decode64("F2 48 A5").endsBlock());
  }

  @Test
  void absentFeatureMakesItsFormsUndefinedUnlessTheyFallBack() {
    Decoder old = new Decoder(Set.of("BMI1", "CX16", "SSE2"));
    byte[] tzcnt = bytes("F3 0F BC C0");
    DecodedInstruction asBsf = old.decode(tzcnt, 0, 4, CpuMode.LONG64, 0);
    assertNotNull(asBsf);
    assertEquals("BSF", asBsf.opcode.mnemonic());
    byte[] exchange = bytes("48 0F C7 08");
    DecodedInstruction undefined = old.decode(exchange, 0, 4, CpuMode.LONG64, 0);
    assertNotNull(undefined);
    assertSame(Opcode.INVALID, undefined.opcode);
    assertEquals("TZCNT", mnemonic64("F3 0F BC C0"));
  }

  @Test
  void immediatesAreExtendedAsTheirInstructionsNeedThem() {
    assertEquals(-1, decode64("04 FF").immediate);
    assertEquals(0xFF, decode64("C1 E0 FF").immediate);
    assertEquals(0xFF, decode64("CD FF").immediate);
    assertEquals(-1, decode64("6A FF").immediate);
    assertEquals(8, Operands.bytes(decode64("6A FF").operand0));
    assertEquals(0xFFFF, decode64("C2 FF FF").immediate);
    assertEquals(-1, decode64("66 83 C0 FF").immediate);
    assertEquals(0xFFFFFFFF80000000L, decode64("B8 00 00 00 80").immediate);
  }

  @Test
  void enterAndFarPointersHaveTwoImmediates() {
    DecodedInstruction enter = decode64("C8 34 12 05");
    assertEquals(0x1234, enter.immediate);
    assertEquals(5, enter.immediate2);
    DecodedInstruction far = decode(CpuMode.PROTECTED32, 0, "EA 78 56 34 92 10 00");
    assertEquals(0x92345678L, far.immediate);
    assertEquals(0x10, far.immediate2);
  }

  @ParameterizedTest
  @EnumSource(CpuMode.class)
  void anyBytesDecodeAndEveryCutIsSeen(CpuMode mode) {
    SplittableRandom random = new SplittableRandom(7);
    byte[] code = new byte[CodeCursor.LONGEST];
    for (int k = 0; k < 20_000; k++) {
      random.nextBytes(code);
      if (k % 3 == 0) {
        code[0] = 0x0F;
      }
      DecodedInstruction whole = decoder.decode(code, 0, code.length, mode, random.nextLong());
      assertNotNull(whole);
      assertTrue(whole.length >= 1 && whole.length <= CodeCursor.LONGEST);
      assertNotNull(Disassembler.text(whole));
      if (whole.opcode == Opcode.TOO_LONG) {
        continue;
      }
      for (int cut = 0; cut < whole.length; cut++) {
        assertNull(decoder.decode(code, 0, cut, mode, 0));
        int needed = decoder.bytesNeeded();
        assertTrue(needed > cut && needed <= whole.length);
      }
    }
  }
}
