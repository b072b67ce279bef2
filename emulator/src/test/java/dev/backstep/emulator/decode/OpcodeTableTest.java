package dev.backstep.emulator.decode;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.backstep.emulator.cpuid.CpuFeature;
import dev.backstep.emulator.decode.Opcode.Attribute;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OpcodeTableTest {
  private static String messageOf(String table) {
    return String.valueOf(
        assertThrows(OpcodeTableException.class, () -> new OpcodeTable("test.tbl", table))
            .getMessage());
  }

  @Test
  void theCommittedTableIsConsistent() {
    assertTrue(OpcodeTable.opcodes().size() > 700);
  }

  @Test
  void namesTheLineThatMatchesTheBytesOfAnother() {
    String table =
        """
        # comment
        90 | NOP | | | Moves.nop | |
        40+r | INC | Zv | | IntAlu.inc | | NOT64
        42 | DEC | | | IntAlu.dec | | NOT64
        """;
    assertEquals("test.tbl line 4: matches the same bytes as test.tbl line 3", messageOf(table));
  }

  @Test
  void lineThatAsksForMoreWins() {
    OpcodeTable table =
        new OpcodeTable(
            "test.tbl",
            """
            0F BC /r | BSF | Gv,Ev | | BitOps.bsf | |
            F3 0F BC /r | TZCNT | Gv,Ev | BMI1 | BitOps.tzcnt | | FALLBACK
            """);
    assertEquals("TZCNT", table.candidates(1, 0xBC)[0].opcode.mnemonic());
    assertEquals("BSF", table.candidates(1, 0xBC)[1].opcode.mnemonic());
  }

  @Test
  void namesTheLineWithAMissingColumn() {
    assertEquals("test.tbl line 1: 6 columns, not 7", messageOf("90 | NOP | | | Moves.nop |"));
  }

  @Test
  void refusesUnknownOperandsSizesAttributesAndTokens() {
    assertTrue(messageOf("00 /r | ADD | Kb | | A.b | |").contains("unknown operand 'Kb'"));
    assertTrue(messageOf("00 /r | ADD | Ek | | A.b | |").contains("unknown operand size 'k'"));
    assertTrue(messageOf("00 /r | ADD | Eb | | A.b | | FOO").contains("FOO"));
    assertTrue(messageOf("00 /9 | ADD | Eb | | A.b | |").contains("/9"));
  }

  @Test
  void refusesOperandsThatTheEncodingHasNoRoomFor() {
    assertTrue(messageOf("00 | ADD | Eb | | A.b | |").contains("operands need /r"));
    assertTrue(messageOf("00 /r | ADD | Eb,Ib | | A.b | |").contains("'ib' at the end"));
    assertTrue(messageOf("00 /r ib | ADD | Eb | | A.b | |").contains("'' at the end"));
  }

  @Test
  void refusesOpcodeWithAndWithoutModrm() {
    String table =
        """
        00 /r | ADD | Eb | | A.b | | NOT64
        00 | NOP | | | A.b | | ONLY64
        """;
    assertTrue(messageOf(table).startsWith("test.tbl line "));
  }

  @Test
  void everyFeatureIsOneThatCpuidKnows() {
    Set<String> known = new HashSet<>();
    for (CpuFeature feature : CpuFeature.values()) {
      known.add(feature.name());
    }
    List<String> unknown = new ArrayList<>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      if (!opcode.feature().isEmpty() && !known.contains(opcode.feature())) {
        unknown.add(opcode.mnemonic() + " needs " + opcode.feature());
      }
    }
    assertEquals(List.of(), unknown);
  }

  @Test
  void branchesEndTheirBlock() {
    for (Opcode opcode : OpcodeTable.opcodes()) {
      if (opcode.operands().contains("Jb") || opcode.operands().contains("Jz")) {
        assertTrue(opcode.is(Attribute.END), opcode.toString());
      }
    }
  }

  @Test
  void flagEffectsAreSpelledWithFlagLetters() {
    for (Opcode opcode : OpcodeTable.opcodes()) {
      assertTrue(opcode.flags().matches("([rw01u]=[OSZAPC]+ ?)*"), opcode.toString());
    }
  }
}
