package dev.backstep.cli.errata;

/// Puts the lines that a guest printed together again. A line that does not end before the run does
/// is none.
final class ConsoleLines {
  /// Sees lines one after the other.
  interface Visitor {
    /// @param position where its end was printed
    /// @param line without its end
    void line(long position, String line);
  }

  private final Visitor visitor;
  private final StringBuilder begun = new StringBuilder();

  ConsoleLines(Visitor visitor) {
    this.visitor = visitor;
  }

  /// More was printed.
  void printed(long position, String text) {
    for (int k = 0; k < text.length(); k++) {
      char ch = text.charAt(k);
      if (ch == '\n') {
        visitor.line(position, begun.toString());
        begun.setLength(0);
      } else if (ch != '\r') {
        begun.append(ch);
      }
    }
  }
}
