package dev.backstep.proto.codec;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import dev.backstep.proto.v1.Column;

/// Takes columns apart. One thread at a time.
public final class ColumnDecoder {
  /// The most bytes a column has after decoding.
  public static final int MAX_COLUMN_BYTES = 16 << 20;

  private final SequenceCodec sequenceCodec = new SequenceCodec();

  public Turns turns(Column column, int turnCount, int entryCount) throws ColumnFormatException {
    if (entryCount < 0 || entryCount > SequenceCodec.MAX_ENTRIES) {
      throw new ColumnFormatException(
          "declares " + Integer.toUnsignedLong(entryCount) + " entries");
    }
    if (turnCount < 0 || turnCount > entryCount) {
      throw new ColumnFormatException(
          "declares " + Integer.toUnsignedLong(turnCount) + " turns in " + entryCount + " entries");
    }
    return Turns.decode(bytes(column), turnCount, entryCount);
  }

  public int[] sequence(Column column, Turns turns) throws ColumnFormatException {
    return sequenceCodec.decode(bytes(column), turns);
  }

  /// The decoded bytes of a column: never more than [#MAX_COLUMN_BYTES].
  public static byte[] bytes(Column column) throws ColumnFormatException {
    int size = column.getSize();
    if (size < 0 || size > MAX_COLUMN_BYTES) {
      throw new ColumnFormatException("declares " + Integer.toUnsignedLong(size) + " bytes");
    }
    return switch (column.getEncoding()) {
      case STORED -> {
        if (column.getBytes().size() != size) {
          throw new ColumnFormatException(
              "declares " + size + " bytes and holds " + column.getBytes().size());
        }
        yield column.getBytes().toByteArray();
      }
      case ZSTD -> decompressed(column.getBytes().toByteArray(), size);
      case UNRECOGNIZED ->
          throw new ColumnFormatException("unknown encoding " + column.getEncodingValue());
    };
  }

  private static byte[] decompressed(byte[] compressed, int size) throws ColumnFormatException {
    try {
      byte[] bytes = new byte[size];
      long decoded = Zstd.decompressByteArray(bytes, 0, size, compressed, 0, compressed.length);
      if (decoded != size) {
        throw new ColumnFormatException("declares " + size + " bytes and holds " + decoded);
      }
      return bytes;
    } catch (ZstdException e) {
      throw new ColumnFormatException("does not decompress: " + e.getMessage()).causedBy(e);
    }
  }
}
