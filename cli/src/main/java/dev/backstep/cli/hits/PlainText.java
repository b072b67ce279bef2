package dev.backstep.cli.hits;

/// Text that does nothing to a terminal, and stays on its line.
public final class PlainText {
  private PlainText() {}

  /// The text with control characters as `\xNN`: what a trace holds may come from anywhere.
  public static String of(CharSequence text) {
    if (text.chars().noneMatch(Character::isISOControl)) {
      return text.toString();
    }
    StringBuilder plain = new StringBuilder(text.length());
    for (int k = 0; k < text.length(); k++) {
      char ch = text.charAt(k);
      if (Character.isISOControl(ch)) {
        plain.append("\\x%02x".formatted((int) ch));
      } else {
        plain.append(ch);
      }
    }
    return plain.toString();
  }
}
