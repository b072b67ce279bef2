package dev.backstep.cli.errata;

import java.util.List;
import java.util.Optional;

/// A behaviour on a platform: a cell of the table.
///
/// @param behaviour names the platform among its expectations
/// @param platform where it is run
public record Trial(Behaviour behaviour, ErrataPlatform platform) {
  /// All cells of some behaviours, row by row.
  public static List<Trial> of(List<Behaviour> behaviours, List<ErrataPlatform> platforms) {
    return behaviours.stream()
        .flatMap(
            behaviour ->
                platforms.stream()
                    .filter(behaviour.expected()::containsKey)
                    .map(platform -> new Trial(behaviour, platform)))
        .toList();
  }

  /// What the source says.
  public Expected expected() {
    return Optional.ofNullable(behaviour.expected().get(platform)).orElseThrow();
  }

  /// The words behind `record`, all but where the trace goes.
  public List<String> command() {
    return behaviour.recipe().command(platform);
  }
}
