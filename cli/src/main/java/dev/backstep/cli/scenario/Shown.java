package dev.backstep.cli.scenario;

/// Text from outside in messages: short and on one line.
final class Shown {
  private static final int LONGEST = 60;

  private Shown() {}

  static String brief(String text) {
    String line = text.replaceAll("\\p{Cntrl}", "?");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
