package dev.backstep.proto.journal;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.backstep.proto.codec.ColumnFormatException;
import dev.backstep.proto.codec.UnknownFields;
import dev.backstep.proto.v1.Manifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.CRC32C;

/// The file that says what a trace is:
///
/// ```
///  0        8              12          16
/// +--------+--------------+-----------+------------
/// |BACKSTEP|format version|CRC32C     |Manifest ...
/// +--------+--------------+-----------+------------
/// ```
///
/// Numbers are little-endian; the checksum covers the bytes before it and after it.
final class ManifestFile {
  private static final byte[] MAGIC = "BACKSTEP".getBytes(US_ASCII);
  private static final int VERSION_AT = 8;
  private static final int CRC_AT = 12;
  private static final int BODY_AT = 16;
  private static final int MAX_BYTES = 4 << 20;

  private ManifestFile() {}

  /// Replaces the manifest in one step: after a crash at any moment the old or the new one is
  /// there.
  static void write(Path trace, Manifest manifest) throws IOException {
    byte[] body = manifest.toByteArray();
    if (body.length > MAX_BYTES - BODY_AT) {
      throw new IOException(trace + ": the manifest has " + body.length + " bytes, too many");
    }
    ByteBuffer file = ByteBuffer.allocate(BODY_AT + body.length).order(ByteOrder.LITTLE_ENDIAN);
    file.put(MAGIC).putInt(TraceLayout.FORMAT_VERSION).putInt(0).put(body).flip();
    file.putInt(CRC_AT, crc32c(file.array()));
    Path inWork = trace.resolve(TraceLayout.MANIFEST_IN_WORK);
    try (FileChannel channel =
        FileChannel.open(
            inWork,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      while (file.hasRemaining()) {
        channel.write(file);
      }
      channel.force(true);
    }
    replace(inWork, TraceLayout.manifest(trace));
    forceFolder(trace);
  }

  private static void replace(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /// Makes the folder's entries durable where the system can open folders.
  static void forceFolder(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException _) {
      // Not every file system opens folders; the rename stands all the same unless power fails now.
      return;
    }
  }

  static Manifest read(Path trace) throws IOException {
    Path path = TraceLayout.manifest(trace);
    byte[] file = bytes(path);
    if (file.length < BODY_AT || !Arrays.equals(file, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
      throw new TraceFormatException(path, "offset 0: not the manifest of a trace");
    }
    ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int found = header.getInt(CRC_AT);
    int expected = crc32c(file);
    if (found != expected) {
      throw new TraceFormatException(
          path, "offset %d: checksum %08x, of its bytes %08x".formatted(CRC_AT, found, expected));
    }
    int version = header.getInt(VERSION_AT);
    if (version != TraceLayout.FORMAT_VERSION) {
      throw new TraceFormatException(
          path,
          "trace format %s; this Backstep reads format %d: open it with the version that made it"
              .formatted(Integer.toUnsignedString(version), TraceLayout.FORMAT_VERSION));
    }
    try {
      UnknownFields.requireFew(file, BODY_AT, Manifest.getDescriptor());
      return Manifest.parseFrom(ByteBuffer.wrap(file, BODY_AT, file.length - BODY_AT));
    } catch (ColumnFormatException | InvalidProtocolBufferException e) {
      throw new TraceFormatException(path, "offset " + BODY_AT + ": " + e.getMessage()).causedBy(e);
    }
  }

  private static byte[] bytes(Path path) throws IOException {
    try (FileChannel channel = TraceLayout.open(path)) {
      long size = channel.size();
      if (size > MAX_BYTES) {
        throw new TraceFormatException(path, size + " bytes, too many for a manifest");
      }
      ByteBuffer file = ByteBuffer.allocate((int) size);
      while (file.hasRemaining() && channel.read(file) >= 0) {
        continue;
      }
      return Arrays.copyOf(file.array(), file.position());
    } catch (NoSuchFileException e) {
      throw new TraceFormatException(path, "not there; is its folder a trace?").causedBy(e);
    }
  }

  private static int crc32c(byte[] file) {
    CRC32C crc = new CRC32C();
    crc.update(file, 0, CRC_AT);
    crc.update(file, BODY_AT, file.length - BODY_AT);
    return (int) crc.getValue();
  }
}
