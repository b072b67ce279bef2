package dev.backstep.cli.host;

import dev.backstep.cli.command.CliException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Where the guest's serial port leads: QEMU's `-serial`.
public final class SerialTarget implements AutoCloseable {
  private static final String FILE = "file:";

  private final OutputStream out;
  private final boolean console;

  private SerialTarget(OutputStream out, boolean console) {
    this.out = out;
    this.console = console;
  }

  /// @param option `stdio`, `file:PATH` or `null`
  public static SerialTarget open(String option) throws IOException {
    if (option.equals("stdio")) {
      return new SerialTarget(new FileOutputStream(FileDescriptor.out), true);
    }
    if (option.equals("null") || option.equals("none")) {
      return new SerialTarget(OutputStream.nullOutputStream(), false);
    }
    if (option.startsWith(FILE)) {
      return new SerialTarget(
          Files.newOutputStream(Path.of(option.substring(FILE.length()))), false);
    }
    throw CliException.usage("-serial " + option + ": give stdio, file:PATH or null");
  }

  /// Whether what is typed on standard input goes to the guest.
  public boolean isConsole() {
    return console;
  }

  public void write(byte[] bytes) {
    try {
      out.write(bytes);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("the serial output cannot be written", e);
    }
  }

  @Override
  public void close() throws IOException {
    if (!console) {
      out.close();
    }
  }
}
