package dev.backstep.emulator.coverage;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.backstep.emulator.decode.Opcode;
import dev.backstep.emulator.decode.OpcodeTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstructionPageTest {
  @Test
  void saysWhatTheTablesHold() throws IOException {
    GeneratedPage.check("instructions.md", InstructionPage.sections());
  }

  @Test
  void namesTestsThatExist() {
    assertEquals(List.of(), CoverageFacts.missingClasses());
  }

  @Test
  void namesInstructionsThatExist() {
    assertEquals(List.of(), CoverageFacts.unknownInstructions());
  }

  @Test
  void everyInstructionIsCoveredBySomething() {
    var uncovered = new ArrayList<String>();
    for (Opcode opcode : OpcodeTable.opcodes()) {
      if (InstructionPage.coverage(opcode).isEmpty()) {
        uncovered.add(opcode.mnemonic() + " " + opcode.encoding() + " " + opcode.semantics());
      }
    }
    assertEquals(List.of(), uncovered);
  }
}
