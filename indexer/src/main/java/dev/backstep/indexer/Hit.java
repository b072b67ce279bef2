package dev.backstep.indexer;

import dev.backstep.indexer.FieldValue.Numeric;
import dev.backstep.indexer.FieldValue.Text;
import dev.backstep.indexer.query.Fields;
import dev.backstep.proto.v1.Event;
import dev.backstep.replay.listing.BlockInstruction;
import dev.backstep.replay.listing.ListedInstruction;
import java.util.HexFormat;
import java.util.List;

/// One result of a search.
public sealed interface Hit {
  /// Instructions the machine had retired before.
  long position();

  int vcpu();

  long rip();

  /// Its fields in the order in which they are printed; kind, position, vCPU and RIP first.
  List<HitField> fields();

  /// An instruction where it was executed.
  static Hit of(long position, int vcpu, BlockInstruction instruction) {
    return new OfInstruction(new ListedInstruction(position, vcpu, instruction));
  }

  /// An instruction as text without the spaces that align it in listings.
  static String disassembled(BlockInstruction instruction) {
    return instruction.text().replaceAll(" +", " ");
  }

  /// An event, as journaled.
  record OfEvent(Event event) implements Hit {
    @Override
    public long position() {
      return event.getPosition();
    }

    @Override
    public int vcpu() {
      return event.getVcpu();
    }

    @Override
    public long rip() {
      return event.getRip();
    }

    @Override
    public List<HitField> fields() {
      return EventFields.of(event);
    }
  }

  /// An executed instruction.
  record OfInstruction(ListedInstruction listed) implements Hit {
    @Override
    public long position() {
      return listed.position();
    }

    @Override
    public int vcpu() {
      return listed.vcpu();
    }

    @Override
    public long rip() {
      return listed.instruction().rip();
    }

    @Override
    public List<HitField> fields() {
      BlockInstruction i = listed.instruction();
      return List.of(
          new HitField(Fields.KIND, new Text(Fields.INSTRUCTION)),
          new HitField(Fields.POSITION, new Numeric(position(), false)),
          new HitField(Fields.VCPU, new Numeric(vcpu(), false)),
          new HitField(Fields.RIP, new Numeric(rip(), true)),
          new HitField(Fields.GPA, new Numeric(i.gpa(), true)),
          new HitField(Fields.BYTES, new Text(HexFormat.of().formatHex(i.bytes()))),
          new HitField(Fields.MNEMONIC, new Text(i.mnemonic())),
          new HitField(Fields.TEXT, new Text(disassembled(i))));
    }
  }
}
