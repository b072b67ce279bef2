package dev.backstep.indexer.query;

/// Compares texts with patterns of `*`, `?` and `\`, in time that grows with the product of their
/// lengths at worst, whatever the pattern.
final class Glob {
  private Glob() {}

  static boolean matches(String pattern, String text) {
    int[] wanted = pattern.codePoints().toArray();
    int[] found = text.codePoints().toArray();
    int w = 0;
    int f = 0;
    // Where the last star stands, and up to where it has eaten. An earlier star need not eat more:
    // what stands between the two was found as early as can be.
    int star = -1;
    int eaten = 0;
    while (f < found.length) {
      if (w < wanted.length && wanted[w] == '*') {
        star = w++;
        eaten = f;
      } else if (w < wanted.length && matchesOne(wanted, w, found[f])) {
        w += isEscape(wanted, w) ? 2 : 1;
        f++;
      } else if (star >= 0) {
        w = star + 1;
        f = ++eaten;
      } else {
        return false;
      }
    }
    while (w < wanted.length && wanted[w] == '*') {
      w++;
    }
    return w == wanted.length;
  }

  private static boolean matchesOne(int[] wanted, int at, int found) {
    return isEscape(wanted, at)
        ? wanted[at + 1] == found
        : wanted[at] == '?' || wanted[at] == found;
  }

  private static boolean isEscape(int[] wanted, int at) {
    return wanted[at] == '\\' && at + 1 < wanted.length;
  }

  /// A pattern that only `text` matches.
  static String literal(String text) {
    return text.replaceAll("[*?\\\\]", "\\\\$0");
  }
}
