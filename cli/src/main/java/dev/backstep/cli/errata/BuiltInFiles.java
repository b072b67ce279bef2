package dev.backstep.cli.errata;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/// The files that recipes name, by their paths in the project's folder. They are packaged with the
/// program; recordings use copies, so that they work wherever it runs.
///
/// @param folder where the copies go
record BuiltInFiles(Path folder) {
  /// Where guests lie in the project's folder.
  static final String GUESTS = "cli/src/main/resources/dev/backstep/cli/guests/";

  /// Where scenario files lie in the project's folder.
  static final String SCENARIOS = "docs/errata/scenarios/";

  private static final String GUEST_RESOURCES = "/dev/backstep/cli/guests/";
  private static final String SCENARIO_RESOURCES = "/dev/backstep/cli/scenarios/";

  /// A word of a command line with a built-in file's path replaced by its copy's.
  String word(String shown) throws IOException {
    if (shown.startsWith(GUESTS)) {
      return copy(GUEST_RESOURCES, shown.substring(GUESTS.length()));
    }
    if (shown.startsWith(SCENARIOS)) {
      return copy(SCENARIO_RESOURCES, shown.substring(SCENARIOS.length()));
    }
    return shown;
  }

  private String copy(String resources, String name) throws IOException {
    Path copy = folder.resolve(name);
    try (InputStream in = BuiltInFiles.class.getResourceAsStream(resources + name)) {
      if (in == null) {
        throw new FileNotFoundException(resources + name + ": no such file in the program");
      }
      Files.createDirectories(folder);
      Files.write(copy, in.readAllBytes());
    }
    return copy.toString();
  }
}
