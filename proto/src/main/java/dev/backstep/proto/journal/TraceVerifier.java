package dev.backstep.proto.journal;

import dev.backstep.proto.v1.End;
import java.io.IOException;
import java.util.Arrays;
import java.util.HexFormat;

/// Checks everything in a trace that can be checked without running the guest again: each byte of a
/// complete journal against its digest, each chunk's checksum and columns, positions, block numbers
/// and instruction counts. The first flaw is a [TraceFormatException].
public final class TraceVerifier {
  private final TraceReader reader;
  private long events;
  private long inputs;

  private TraceVerifier(TraceReader reader) {
    this.reader = reader;
  }

  /// What was found sound.
  ///
  /// @param complete false if the journal merely ends early
  public record Result(
      boolean complete, int chunks, long instructions, int blocks, long events, long inputs) {}

  public static Result verify(TraceReader reader) throws IOException {
    return new TraceVerifier(reader).run();
  }

  /// Checks every byte against its checksum and digest and decodes nothing: for those who look at
  /// each fact anyway.
  public static void verifyChecksums(TraceReader reader) throws IOException {
    for (int number = 0; number < reader.chunkCount(); number++) {
      reader.chunk(number);
    }
    if (reader.damage().isPresent()) {
      throw reader.damage().get();
    }
    if (reader.isComplete()) {
      verifyDigest(reader);
    }
  }

  private static void verifyDigest(TraceReader reader) throws IOException {
    byte[] found = FileDigest.sha256(reader.journalFile());
    byte[] expected = reader.manifest().getEnd().getJournalFiles(0).getSha256().toByteArray();
    if (!Arrays.equals(found, expected)) {
      throw new TraceFormatException(
          reader.journalFile(),
          "every chunk is whole, but bytes between them changed: SHA-256 %s, the manifest says %s"
              .formatted(hex(found), hex(expected)));
    }
  }

  private Result run() throws IOException {
    BlockTable blocks = new BlockTable();
    for (int number = 0; number < reader.chunkCount(); number++) {
      DecodedChunk chunk = reader.chunk(number);
      blocks.add(chunk);
      verifyChunk(chunk, blocks);
    }
    if (reader.damage().isPresent()) {
      throw reader.damage().get();
    }
    if (reader.isComplete()) {
      verifyEnd(reader.manifest().getEnd(), blocks);
    }
    return new Result(
        reader.isComplete(),
        reader.chunkCount(),
        reader.endPosition(),
        blocks.size(),
        events,
        inputs);
  }

  private void verifyChunk(DecodedChunk chunk, BlockTable blocks) throws TraceFormatException {
    ChunkWalk walk = new ChunkWalk(chunk, blocks);
    while (walk.next()) {
      continue;
    }
    events += chunk.events().size();
    inputs += chunk.inputs().size();
  }

  private void verifyEnd(End end, BlockTable blocks) throws IOException {
    verifyDigest(reader);
    if (end.getFinalPosition() != reader.endPosition()
        || end.getBlocks() != blocks.size()
        || end.getInputs() != inputs) {
      throw new TraceFormatException(
          TraceLayout.manifest(reader.trace()),
          "ends at position %s with %d blocks and %d inputs; the journal at %s with %d and %d"
              .formatted(
                  Long.toUnsignedString(end.getFinalPosition()),
                  end.getBlocks(),
                  end.getInputs(),
                  Long.toUnsignedString(reader.endPosition()),
                  blocks.size(),
                  inputs));
    }
  }

  private static String hex(byte[] digest) {
    return HexFormat.of().formatHex(digest);
  }
}
