package dev.backstep.proto.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Where the parts of a trace lie in its folder, and how large they may be.
public final class TraceLayout {
  /// The format this version writes, and the newest it reads.
  public static final int FORMAT_VERSION = 1;

  /// The most bytes of one sealed chunk.
  public static final int MAX_CHUNK_BYTES = 12 << 20;

  static final String MANIFEST = "manifest.pb";
  static final String MANIFEST_IN_WORK = "manifest.pb.new";
  static final String JOURNAL = "journal";
  static final String INDEX = "index";
  // Chronicle's name for the cycle that holds its epoch: the writer's clock stands there.
  static final String JOURNAL_FILE = "19700101.cq4";

  private TraceLayout() {}

  /// Opens a file of a trace. Nothing but a regular file: opening a pipe would wait for its writer.
  static FileChannel open(Path file) throws IOException {
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new TraceFormatException(file, "not a regular file");
    }
    return FileChannel.open(file, StandardOpenOption.READ);
  }

  public static Path manifest(Path trace) {
    return trace.resolve(MANIFEST);
  }

  public static Path journalFolder(Path trace) {
    return trace.resolve(JOURNAL);
  }

  public static Path journalFile(Path trace) {
    return journalFolder(trace).resolve(JOURNAL_FILE);
  }

  /// The index belongs to the indexer; it can be thrown away and made again.
  public static Path index(Path trace) {
    return trace.resolve(INDEX);
  }
}
