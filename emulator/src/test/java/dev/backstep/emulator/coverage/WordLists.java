package dev.backstep.emulator.coverage;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A resource of lines `key: word word…`, where a key may have several lines and `#` begins a
/// comment.
final class WordLists {
  private WordLists() {}

  static Map<String, List<String>> read(String resource) {
    Map<String, List<String>> lists = new LinkedHashMap<>();
    for (String line : text(resource).lines().toList()) {
      int colon = line.indexOf(':');
      if (line.startsWith("#") || line.isBlank()) {
        continue;
      }
      if (colon < 0) {
        throw new AssertionError(resource + ": no colon in: " + line);
      }
      List<String> words = lists.computeIfAbsent(line.substring(0, colon), k -> new ArrayList<>());
      for (String word : line.substring(colon + 1).strip().split("\\s+", -1)) {
        if (!word.isEmpty()) {
          words.add(word);
        }
      }
    }
    return lists;
  }

  private static String text(String resource) {
    try (InputStream in = WordLists.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new AssertionError("the resource " + resource + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
