package dev.backstep.replay;

import dev.backstep.proto.journal.BlockTable;
import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.DecodedChunk;
import dev.backstep.proto.journal.TraceReader;
import dev.backstep.proto.journal.TraceWriter;
import dev.backstep.proto.v1.End;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/// Writes a trace anew with something changed, so that all its checksums are right.
final class TraceRewriter {
  private final Path from;
  private Consumer<ChunkContent> chunkEdit = chunk -> {};
  private UnaryOperator<Manifest> manifestEdit = manifest -> manifest;
  private UnaryOperator<End> endEdit = end -> end;
  private boolean ended = true;
  private int chunks = Integer.MAX_VALUE;

  TraceRewriter(Path from) {
    this.from = from;
  }

  TraceRewriter chunks(Consumer<ChunkContent> edit) {
    chunkEdit = edit;
    return this;
  }

  TraceRewriter end(UnaryOperator<End> edit) {
    endEdit = edit;
    return this;
  }

  TraceRewriter manifest(UnaryOperator<Manifest> edit) {
    manifestEdit = edit;
    return this;
  }

  /// Leaves the end out: the recording was killed.
  TraceRewriter withoutEnd() {
    ended = false;
    return this;
  }

  TraceRewriter firstChunks(int count) {
    chunks = count;
    return this;
  }

  Path to(Path to) throws IOException {
    BlockTable table = new BlockTable();
    try (TraceReader reader = TraceReader.open(from);
        TraceWriter writer = TraceWriter.create(to, manifestEdit.apply(reader.manifest()))) {
      ChunkBuilder builder = new ChunkBuilder();
      for (int k = 0; k < Math.min(chunks, reader.chunkCount()); k++) {
        DecodedChunk chunk = reader.chunk(k);
        table.add(chunk);
        ChunkContent content = new ChunkContent(chunk);
        chunkEdit.accept(content);
        content.fill(builder, table);
        writer.append(builder);
      }
      if (ended) {
        End end = reader.manifest().getEnd();
        writer.finish(endEdit.apply(end.toBuilder().setFinalPosition(writer.position()).build()));
      }
    }
    return to;
  }
}
