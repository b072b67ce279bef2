package dev.backstep.cli.command;

/// A position as users write it: `12345`, `50%`, `end`, `end-100`.
final class PositionText {
  private static final String END = "end";

  private PositionText() {}

  /// @param endPosition of the trace
  static long parse(String text, long endPosition) {
    try {
      if (text.endsWith("%")) {
        double percent = Double.parseDouble(text.substring(0, text.length() - 1));
        if (percent >= 0 && percent <= 100) {
          return (long) (endPosition / 100.0 * percent);
        }
      } else if (text.equals(END)) {
        return endPosition;
      } else if (text.startsWith(END + "-")) {
        return Math.max(0, endPosition - Long.parseLong(text.substring(END.length() + 1)));
      } else {
        long position = text.startsWith("0x") ? Long.decode(text) : Long.parseLong(text);
        if (position >= 0) {
          return position;
        }
      }
    } catch (NumberFormatException e) {
      throw bad(text);
    }
    throw bad(text);
  }

  private static CliException bad(String text) {
    return CliException.usage(
        "position " + text + ": give a number, a percentage such as 50%, end or end-100");
  }
}
