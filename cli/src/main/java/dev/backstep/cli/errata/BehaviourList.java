package dev.backstep.cli.errata;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes down the behaviours of a row:
///
/// ```java
/// BehaviourList list = new BehaviourList("mtrr");
/// list.add("mtrr-uc-pat-wb", "A UC range over RAM that the page tables map WB")
///     .recorded(Recipe.guest("errata-mtrr").append("cells"))
///     .observed(Observation.field("kind:memory_type AND gpa:0x1000000", "effective"))
///     .expect("UC", "SDM …", ErrataPlatform.BARE_METAL_INTEL, ErrataPlatform.BARE_METAL_AMD)
///     .expect("WB", "errata.rst …", ErrataPlatform.KVM_INTEL, ErrataPlatform.KVM_AMD);
/// return list.done();
/// ```
public final class BehaviourList {
  private static final String NO_HYPERVISOR = "refused: --inject: %s has no hypervisor to ask…";

  private final String row;
  private final List<Entry> entries = new ArrayList<>();

  /// @param row its name
  public BehaviourList(String row) {
    this.row = row;
  }

  /// Begins one more behaviour.
  public Entry add(String name, String text) {
    Entry entry = new Entry(name, text);
    entries.add(entry);
    return entry;
  }

  /// All that were added.
  public List<Behaviour> done() {
    return entries.stream().map(entry -> entry.behaviour(row)).toList();
  }

  /// One behaviour as it is written down.
  public static final class Entry {
    private final String name;
    private final String text;
    private final Map<ErrataPlatform, Expected> expected = new EnumMap<>(ErrataPlatform.class);
    private @Nullable Recipe recipe;
    private @Nullable Observation observation;

    private Entry(String name, String text) {
      this.name = name;
      this.text = text;
    }

    /// What is recorded to observe it.
    public Entry recorded(Recipe by) {
      recipe = by;
      return this;
    }

    /// What is looked at.
    public Entry observed(Observation by) {
      observation = by;
      return this;
    }

    /// What a source says for some platforms. An outcome that ends in `…` says how it begins.
    public Entry expect(String outcome, String source, ErrataPlatform... platforms) {
      for (ErrataPlatform platform : platforms) {
        if (expected.put(platform, new Expected(outcome, source)) != null) {
          throw new IllegalArgumentException(name + ": " + platform.label() + " is said twice");
        }
      }
      return this;
    }

    /// What a source says for all platforms.
    public Entry expectEverywhere(String outcome, String source) {
      return expect(outcome, source, ErrataPlatform.values());
    }

    /// A request to the hypervisor: there is none on bare metal, and it is refused.
    public Entry refusedOnBareMetal() {
      for (ErrataPlatform platform :
          List.of(ErrataPlatform.BARE_METAL_INTEL, ErrataPlatform.BARE_METAL_AMD)) {
        expect(
            NO_HYPERVISOR.formatted(platform.label()),
            "docs/scenarios.md: there is no hypervisor on bare metal",
            platform);
      }
      return this;
    }

    private Behaviour behaviour(String row) {
      if (recipe == null || observation == null) {
        throw new IllegalArgumentException(name + ": says not what is recorded and observed");
      }
      return new Behaviour(row, name, text, recipe, observation, expected);
    }
  }
}
