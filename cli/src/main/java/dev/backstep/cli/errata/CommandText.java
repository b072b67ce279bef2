package dev.backstep.cli.errata;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Command lines as a user types them in a POSIX shell, in the project's folder.
public final class CommandText {
  private static final Pattern PLAIN = Pattern.compile("[\\w./,:=+@%-]+");

  private CommandText() {}

  /// Words, quoted where the shell would take them apart.
  public static String of(List<String> words) {
    return words.stream().map(CommandText::quoted).collect(Collectors.joining(" "));
  }

  /// The command that records a trial.
  static String recording(Trial trial) {
    return "./backstep record " + of(trial.command()) + " -o TRACE";
  }

  private static String quoted(String word) {
    return PLAIN.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
  }
}
