package dev.backstep.proto.journal;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.backstep.proto.v1.Chunk;
import dev.backstep.proto.v1.SealedChunk;
import java.io.IOException;
import java.nio.ByteBuffer;

/// What the first bytes of an excerpt say about its chunk, before its checksum was looked at.
///
/// @param crc32c the checksum of the chunk's bytes
/// @param chunkAt where the chunk's bytes start in the excerpt
/// @param previousCrc32c the checksum that the chunk before must have
record ChunkSeal(
    int crc32c,
    int chunkAt,
    int number,
    long firstPosition,
    long instructionCount,
    int previousCrc32c) {
  /// More than the bytes in which the start of an excerpt can lie.
  static final int MAX_BYTES = 64;

  private static final int CRC_TAG =
      SealedChunk.CRC32C_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_FIXED32;
  private static final int CHUNK_TAG =
      SealedChunk.CHUNK_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

  /// Reads the start of an excerpt of `excerptLength` bytes. A writer puts the two fields of a
  /// SealedChunk in their order, both present, and nothing else; the fields of the Chunk too,
  /// except those that are 0. Says what is wrong in an IOException without a file.
  static ChunkSeal read(ByteBuffer start, int excerptLength) throws IOException {
    CodedInputStream in = CodedInputStream.newInstance(start);
    if (in.readTag() != CRC_TAG) {
      throw new IOException("not a chunk");
    }
    int crc32c = in.readFixed32();
    if (in.readTag() != CHUNK_TAG) {
      throw new IOException("not a chunk");
    }
    int length = in.readRawVarint32();
    int chunkAt = in.getTotalBytesRead();
    if (length != excerptLength - chunkAt) {
      throw new IOException(
          "a chunk of %s bytes in a document of %d"
              .formatted(Integer.toUnsignedString(length), excerptLength));
    }
    return fields(in, crc32c, chunkAt, excerptLength);
  }

  /// How long the excerpt must be that starts with `start`; -1 if no chunk starts so.
  static int excerptLength(ByteBuffer start) {
    try {
      CodedInputStream in = CodedInputStream.newInstance(start);
      if (in.readTag() == CRC_TAG && in.skipField(CRC_TAG) && in.readTag() == CHUNK_TAG) {
        int length = in.readRawVarint32();
        int chunkAt = in.getTotalBytesRead();
        return length < 0 || length > TraceLayout.MAX_CHUNK_BYTES ? -1 : chunkAt + length;
      }
    } catch (IOException _) {
      // Nothing, or less than the start of a chunk, was written.
      return -1;
    }
    return -1;
  }

  private static ChunkSeal fields(CodedInputStream in, int crc32c, int chunkAt, int length)
      throws IOException {
    int number = 0;
    long firstPosition = 0;
    long instructionCount = 0;
    int previousCrc32c = 0;
    while (in.getTotalBytesRead() < length) {
      switch (in.readTag()) {
        case Chunk.NUMBER_FIELD_NUMBER << 3 -> number = in.readUInt32();
        case Chunk.FIRST_POSITION_FIELD_NUMBER << 3 -> firstPosition = in.readUInt64();
        case Chunk.INSTRUCTION_COUNT_FIELD_NUMBER << 3 -> instructionCount = in.readUInt64();
        case Chunk.PREVIOUS_CRC32C_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_FIXED32 ->
            previousCrc32c = in.readFixed32();
        default -> {
          return new ChunkSeal(
              crc32c, chunkAt, number, firstPosition, instructionCount, previousCrc32c);
        }
      }
    }
    return new ChunkSeal(crc32c, chunkAt, number, firstPosition, instructionCount, previousCrc32c);
  }
}
