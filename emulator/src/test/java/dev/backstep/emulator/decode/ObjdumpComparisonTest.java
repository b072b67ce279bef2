package dev.backstep.emulator.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.backstep.emulator.vcpu.CpuMode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The decoder against GNU objdump: length, mnemonic and operands of every form and of random
/// bytes.
class ObjdumpComparisonTest {
  private static final long SEED = 20_260_901;
  private static final int CASES_PER_LINE = 8;
  private static final int RANDOM_BYTES = 60_000;

  @ParameterizedTest
  @EnumSource(names = {"LONG64", "PROTECTED32", "PROTECTED16"})
  void everyFormDecodesAsObjdumpDecodesIt(CpuMode mode) throws IOException {
    InstructionCorpus.RexPrefixes rex =
        mode == CpuMode.LONG64
            ? InstructionCorpus.RexPrefixes.SOMETIMES
            : InstructionCorpus.RexPrefixes.NEVER;
    compare(InstructionCorpus.ofTable(SEED, CASES_PER_LINE, rex), mode);
  }

  @ParameterizedTest
  @EnumSource(names = {"LONG64", "PROTECTED32", "PROTECTED16"})
  void randomBytesDecodeAsObjdumpDecodesThem(CpuMode mode) throws IOException {
    byte[] code = new byte[RANDOM_BYTES];
    new SplittableRandom(SEED).nextBytes(code);
    compare(code, mode);
  }

  private static void compare(byte[] code, CpuMode mode) throws IOException {
    assumeTrue(ObjdumpListing.isThere(), "objdump (binutils) is not installed");
    Decoder decoder = new Decoder(Set.of());
    List<ObjdumpListing.Line> lines = ObjdumpListing.of(code, mode);
    assertTrue(lines.size() > code.length / 16, "objdump said little");
    List<String> differences = new ArrayList<>();
    for (ObjdumpListing.Line line : lines) {
      int left = code.length - line.offset();
      if (left < CodeCursor.LONGEST || line.bytes().equals("90")) {
        continue;
      }
      DecodedInstruction ours = decoder.decode(code, line.offset(), left, mode, line.offset());
      assertNotNull(ours, line.bytes());
      String difference = ObjdumpDifferences.between(line, ours);
      if (!difference.isEmpty()) {
        differences.add(line.bytes() + " (" + line.text() + "): " + difference);
      }
    }
    assertEquals(List.of(), differences.subList(0, Math.min(20, differences.size())));
  }
}
