package dev.backstep.recorder;

import dev.backstep.proto.journal.ChunkBuilder;
import dev.backstep.proto.journal.TraceWriter;
import dev.backstep.proto.v1.End;
import java.io.IOException;

/// Where a recording goes.
interface TraceOutput extends AutoCloseable {
  /// Writes a chunk and empties it.
  void append(ChunkBuilder chunk) throws IOException;

  /// Bytes of journal written so far.
  long journalBytes();

  /// Completes the trace and closes it.
  void finish(End end) throws IOException;

  @Override
  void close() throws IOException;

  /// A trace on disk.
  static TraceOutput to(TraceWriter writer) {
    return new TraceOutput() {
      @Override
      public void append(ChunkBuilder chunk) throws IOException {
        writer.append(chunk);
      }

      @Override
      public long journalBytes() {
        return writer.journalBytes();
      }

      @Override
      public void finish(End end) throws IOException {
        writer.finish(end);
      }

      @Override
      public void close() throws IOException {
        writer.close();
      }
    };
  }
}
