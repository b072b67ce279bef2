package dev.backstep.proto.codec;

import com.github.luben.zstd.ZstdCompressCtx;
import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.UnsafeByteOperations;
import dev.backstep.proto.v1.Column;
import java.util.Arrays;

/// Makes the columns of chunks. Holds native memory until closed; one thread at a time.
public final class ColumnEncoder implements AutoCloseable {
  // Shorter columns do not repay a compressed frame's own header.
  private static final int MIN_COMPRESSED = 32;

  private final ZstdCompressCtx zstd = new ZstdCompressCtx();
  private final SequenceCodec sequenceCodec = new SequenceCodec();
  private final ByteBuilder turnBytes = new ByteBuilder(256);

  public ColumnEncoder() {
    zstd.setLevel(1);
    zstd.setChecksum(false);
    zstd.setContentSize(true);
  }

  public Column turns(Turns turns) {
    turnBytes.clear();
    turns.encode(turnBytes);
    return column(turnBytes.array(), turnBytes.size());
  }

  /// `entries` may be longer than the turns say; what is beyond is not read.
  public Column sequence(int[] entries, Turns turns) {
    ByteBuilder encoded = sequenceCodec.encode(entries, turns);
    return column(encoded.array(), encoded.size());
  }

  public Column message(MessageLite message) {
    byte[] bytes = message.toByteArray();
    return column(bytes, bytes.length);
  }

  private Column column(byte[] bytes, int size) {
    if (size >= MIN_COMPRESSED) {
      byte[] compressed = zstd.compress(size == bytes.length ? bytes : Arrays.copyOf(bytes, size));
      if (compressed.length < size) {
        return Column.newBuilder()
            .setEncoding(Column.Encoding.ZSTD)
            .setSize(size)
            .setBytes(UnsafeByteOperations.unsafeWrap(compressed))
            .build();
      }
    }
    return Column.newBuilder()
        .setEncoding(Column.Encoding.STORED)
        .setSize(size)
        .setBytes(ByteString.copyFrom(bytes, 0, size))
        .build();
  }

  @Override
  public void close() {
    zstd.close();
  }
}
