package dev.backstep.indexer;

import dev.backstep.indexer.query.Condition.Fact;
import dev.backstep.indexer.query.Facts;
import dev.backstep.indexer.query.Fields;
import dev.backstep.indexer.query.Truth;
import dev.backstep.replay.listing.BlockInstruction;
import java.util.HexFormat;

/// What is known of an instruction of a block before it is known where in the run it stands.
record InstructionFacts(BlockInstruction instruction) implements Facts {
  @Override
  public Truth truth(Fact fact) {
    return switch (fact.field()) {
      case Fields.KIND -> Truth.of(fact.wanted().accepts(Fields.INSTRUCTION));
      case Fields.POSITION, Fields.VCPU -> Truth.MAYBE;
      case Fields.RIP -> Truth.of(fact.wanted().accepts(instruction.rip()));
      case Fields.GPA -> Truth.of(fact.wanted().accepts(instruction.gpa()));
      case Fields.MNEMONIC -> Truth.of(fact.wanted().accepts(instruction.mnemonic()));
      case Fields.TEXT -> Truth.of(fact.wanted().accepts(Hit.disassembled(instruction)));
      case Fields.BYTES ->
          Truth.of(fact.wanted().accepts(HexFormat.of().formatHex(instruction.bytes())));
      default -> Truth.NO;
    };
  }
}
