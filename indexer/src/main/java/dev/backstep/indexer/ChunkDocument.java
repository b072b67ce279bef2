package dev.backstep.indexer;

import dev.backstep.indexer.query.Numbers;
import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.ChunkWalk;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceFormatException;
import dev.backstep.replay.listing.BlockDecoder;
import dev.backstep.replay.listing.BlockInstruction;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;

/// Makes the index documents of chunks. What a block holds is worked out once.
final class ChunkDocument {
  private record BlockFacts(List<String> mnemonics, Set<Long> ripPages, Set<Long> gpaPages) {}

  private final BlockTable blocks;
  private final BlockDecoder decoder = new BlockDecoder();
  private final Map<Integer, BlockFacts> facts = new HashMap<>();

  ChunkDocument(BlockTable blocks) {
    this.blocks = blocks;
  }

  Document of(DecodedChunk chunk) throws TraceFormatException {
    BitSet vcpus = new BitSet();
    BitSet run = new BitSet();
    for (ChunkWalk walk = new ChunkWalk(chunk, blocks); walk.next(); ) {
      if (walk.instructions() > 0) {
        vcpus.set(walk.vcpu());
        run.set(walk.blockNumber());
      }
    }
    Document doc = new Document();
    doc.add(new StringField(IndexFields.DOC, IndexFields.CHUNK, Field.Store.NO));
    doc.add(new NumericDocValuesField(IndexFields.CHUNK_NUMBER, chunk.number()));
    point(doc, IndexFields.FIRST_POSITION, chunk.firstPosition());
    point(doc, IndexFields.END_POSITION, chunk.endPosition());
    vcpus.stream().forEach(vcpu -> point(doc, IndexFields.CHUNK_VCPU, vcpu));
    addInstructions(doc, run);
    return doc;
  }

  private void addInstructions(Document doc, BitSet run) {
    Set<String> mnemonics = new HashSet<>();
    Set<Long> ripPages = new HashSet<>();
    Set<Long> gpaPages = new HashSet<>();
    for (int block = run.nextSetBit(0); block >= 0; block = run.nextSetBit(block + 1)) {
      BlockFacts of = facts.computeIfAbsent(block, this::factsOf);
      mnemonics.addAll(of.mnemonics);
      ripPages.addAll(of.ripPages);
      gpaPages.addAll(of.gpaPages);
    }
    for (String mnemonic : mnemonics) {
      doc.add(new StringField(IndexFields.CHUNK_MNEMONIC, mnemonic, Field.Store.NO));
    }
    ripPages.forEach(page -> point(doc, IndexFields.CHUNK_RIP_PAGE, page));
    gpaPages.forEach(page -> point(doc, IndexFields.CHUNK_GPA_PAGE, page));
  }

  private BlockFacts factsOf(int block) {
    List<BlockInstruction> instructions = decoder.instructions(blocks.block(block));
    return new BlockFacts(
        instructions.stream().map(i -> i.mnemonic().intern()).distinct().toList(),
        Set.copyOf(instructions.stream().map(i -> i.rip() >>> IndexFields.PAGE_SHIFT).toList()),
        Set.copyOf(instructions.stream().map(i -> i.gpa() >>> IndexFields.PAGE_SHIFT).toList()));
  }

  private static void point(Document doc, String field, long unsigned) {
    doc.add(new LongPoint(field, Numbers.toPoint(unsigned)));
  }
}
