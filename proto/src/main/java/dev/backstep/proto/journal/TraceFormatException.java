package dev.backstep.proto.journal;

import java.io.IOException;
import java.nio.file.Path;

/// A trace does not follow its format: damaged, cut where it must not be, or made by a newer
/// version. The message is one line: file, place, what is wrong.
public final class TraceFormatException extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;
  private final String what;

  TraceFormatException(Path file, String what) {
    super(file + ": " + what);
    this.file = file;
    this.what = what;
  }

  static TraceFormatException atOffset(Path file, long offset, String what) {
    return new TraceFormatException(file, "offset " + offset + ": " + what);
  }

  static TraceFormatException inChunk(Path file, long offset, int chunk, String what) {
    return new TraceFormatException(file, "offset " + offset + ", chunk " + chunk + ": " + what);
  }

  TraceFormatException causedBy(Exception cause) {
    initCause(cause);
    return this;
  }

  @Override
  public String getMessage() {
    return file + ": " + what;
  }

  /// The damaged file.
  public Path file() {
    return file;
  }

  /// The message without the file.
  public String what() {
    return what;
  }
}
