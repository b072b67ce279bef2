package dev.backstep.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// The built-in guests, as files.
final class Guests {
  /// Ends the run with the guest's verdict.
  static final String EXIT_DEVICE = "isa-debug-exit,iobase=0xf4,iosize=0x4";

  /// Exit status of a guest that passed all of its checks.
  static final int PASSED = 1;

  private Guests() {}

  /// Copies a guest into `folder`.
  static Path copy(String name, Path folder) throws IOException {
    Path file = folder.resolve(name + ".elf");
    try (InputStream in =
        Objects.requireNonNull(
            Guests.class.getResourceAsStream("/dev/backstep/cli/guests/" + name + ".elf"))) {
      Files.write(file, in.readAllBytes());
    }
    return file;
  }
}
