package dev.backstep.cli.errata;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.regex.Pattern;

/// One thing that platforms do alike or not, and how it is observed.
///
/// @param row the row it belongs to
/// @param name unique among all behaviours: lower-case words and numbers joined by `-`
/// @param text what happens, in a sentence
/// @param recipe what is recorded
/// @param observation what is looked at
/// @param expected what the sources say; only the platforms named here are run
public record Behaviour(
    String row,
    String name,
    String text,
    Recipe recipe,
    Observation observation,
    Map<ErrataPlatform, Expected> expected) {
  private static final Pattern NAME = Pattern.compile("[a-z0-9]+(-[a-z0-9]+)*");

  public Behaviour {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(name + ": a name is lower-case words joined by -");
    }
    if (expected.isEmpty()) {
      throw new IllegalArgumentException(name + ": nothing is expected on any platform");
    }
    expected = Collections.unmodifiableMap(new EnumMap<>(expected));
  }
}
