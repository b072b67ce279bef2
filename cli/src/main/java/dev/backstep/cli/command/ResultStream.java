package dev.backstep.cli.command;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Standard output for many results: buffered, in UTF-8, and with errors that are seen, as
/// `System.out` shows none.
final class ResultStream implements AutoCloseable {
  // Someone may be watching: results should not wait in the buffer while the search goes on.
  private static final long FLUSH_NS = 200_000_000;

  private final Writer writer;
  private long flushedNs = System.nanoTime();

  private ResultStream(Writer writer) {
    this.writer = writer;
  }

  static ResultStream to(OutputStream out) {
    return new ResultStream(
        new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), 1 << 16));
  }

  Writer writer() {
    return writer;
  }

  /// Called after each result.
  void resultWritten() throws IOException {
    long now = System.nanoTime();
    if (now - flushedNs > FLUSH_NS) {
      writer.flush();
      flushedNs = now;
    }
  }

  /// Whether an error means that nobody reads any more (`| head`), which is not an error of ours.
  static boolean isClosedPipe(IOException e) {
    String message = e.getMessage();
    return message != null && message.toLowerCase(Locale.ROOT).contains("broken pipe");
  }

  @Override
  public void close() throws IOException {
    writer.flush();
  }
}
