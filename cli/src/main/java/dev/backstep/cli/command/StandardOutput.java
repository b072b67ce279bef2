package dev.backstep.cli.command;

import java.io.IOException;
import java.io.OutputStream;

/// Standard output as a stream that reports errors. `System.out` only remembers them.
final class StandardOutput extends OutputStream {
  @Override
  public void write(int b) throws IOException {
    System.out.write(b);
    check();
  }

  @Override
  public void write(byte[] bytes, int offset, int count) throws IOException {
    System.out.write(bytes, offset, count);
    check();
  }

  @Override
  public void flush() throws IOException {
    System.out.flush();
    check();
  }

  private static void check() throws IOException {
    if (System.out.checkError()) {
      throw new IOException("broken pipe: standard output takes no more");
    }
  }
}
