package dev.backstep.emulator.isa;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import dev.backstep.emulator.isa.HostSideBySide.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// The extensions of the integer and packed-integer units, as the host executes them: every table
/// line of their semantics, legacy and VEX, with random and boundary operands.
class ExtensionHostComparisonTest {
  private static final long SEED = Long.getLong("backstep.test.seed", 20_261_122L);
  private static final int PER_FORM = Integer.getInteger("backstep.test.hostCasesPerForm", 40);

  /// Cases compared at one time: memory for them all is allocated.
  private static final int ROUND = 40;

  private static final Set<String> FAMILIES =
      Set.of(
          "BitManipulation",
          "Aes",
          "CarryLessMultiply",
          "Sha",
          "PackedProducts",
          "Ssse3Lanes",
          "Ssse3Mmx",
          "Ssse3Xmm",
          "Sse41Lanes",
          "Sse41Xmm",
          "Sse41Moves",
          "PackedExtensions",
          "StringCompare",
          "Sse4aFields",
          "GaloisFields");

  private final SplittableRandom random = new SplittableRandom(SEED);

  @Test
  void executesTheExtensionsAsTheHostDoes() throws Throwable {
    List<Opcode> forms = new ArrayList<>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      String semantics = opcode.semantics();
      if (FAMILIES.contains(semantics.substring(0, semantics.indexOf('.')))
          && HostSideBySide.hostHas(opcode.feature())) {
        forms.add(opcode);
      }
    }
    assertTrue(forms.size() > 90, "forms tried: " + forms.size());
    ExtensionCases cases = new ExtensionCases(random);
    long compared = 0;
    try (HostSideBySide both = HostSideBySide.open(SEED)) {
      for (int from = 0; from < PER_FORM; from += ROUND) {
        List<Sequence> sequences = new ArrayList<>();
        for (Opcode form : forms) {
          for (int k = from; k < Math.min(from + ROUND, PER_FORM); k++) {
            sequences.add(cases.of(form));
          }
        }
        both.compare(sequences);
        compared += sequences.size();
      }
    }
    System.out.println(forms.size() + " forms, " + compared + " cases agree with the host");
  }
}
