package dev.backstep.cli.errata;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// How a guest is recorded: the words of `record` as a user would type them in the project's
/// folder. Behaviours whose recipes give the same words on a platform share one recording.
///
/// @param guest name of a built-in guest
/// @param memory `-m`
/// @param setting properties of the platform, such as `kernel=6.10`; empty for none
/// @param words on every platform
/// @param own further words on some platforms
public record Recipe(
    String guest,
    String memory,
    String setting,
    List<String> words,
    Map<ErrataPlatform, List<String>> own) {
  private static final String SMALL = "16";

  public Recipe {
    words = List.copyOf(words);
    own = Collections.unmodifiableMap(copy(own));
  }

  /// Records a built-in guest, with 16 MiB and nothing else.
  ///
  /// @param name of its source in `cli/src/main/guests`, without `.s`
  public static Recipe guest(String name) {
    return new Recipe(name, SMALL, "", List.of(), Map.of());
  }

  /// With more words, on every platform: `with("-smp", "2")`.
  public Recipe with(String... more) {
    return new Recipe(guest, memory, setting, joined(words, more), own);
  }

  /// With more words on one platform: `on(KVM_INTEL, "-cpu", "Haswell")`.
  public Recipe on(ErrataPlatform platform, String... more) {
    Map<ErrataPlatform, List<String>> changed = copy(own);
    changed.put(platform, joined(own.getOrDefault(platform, List.of()), more));
    return new Recipe(guest, memory, setting, words, changed);
  }

  /// With `-m mebibytes`.
  public Recipe memory(String mebibytes) {
    return new Recipe(guest, mebibytes, setting, words, own);
  }

  /// On a platform with a property: `setting("kernel=6.10")` records on `kvm-intel,kernel=6.10`.
  public Recipe setting(String property) {
    String all = setting.isEmpty() ? property : setting + "," + property;
    return new Recipe(guest, memory, all, words, own);
  }

  /// With the guest's command line: which of its parts to run.
  public Recipe append(String text) {
    return with("-append", text);
  }

  /// With requests to the hypervisor, from a file in docs/errata/scenarios.
  public Recipe scenario(String file) {
    return with("--inject", BuiltInFiles.SCENARIOS + file);
  }

  /// With one request to the hypervisor, as text.
  public Recipe inject(String specification) {
    return with("--inject", specification);
  }

  /// The words behind `record`, all but where the trace goes.
  public List<String> command(ErrataPlatform platform) {
    List<String> command = new ArrayList<>();
    command.add("--platform");
    command.add(setting.isEmpty() ? platform.label() : platform.label() + "," + setting);
    command.add("-kernel");
    command.add(BuiltInFiles.GUESTS + guest + ".elf");
    command.add("-m");
    command.add(memory);
    command.addAll(words);
    command.addAll(own.getOrDefault(platform, List.of()));
    return command;
  }

  private static List<String> joined(List<String> words, String... more) {
    List<String> all = new ArrayList<>(words);
    Collections.addAll(all, more);
    return List.copyOf(all);
  }

  private static Map<ErrataPlatform, List<String>> copy(Map<ErrataPlatform, List<String>> own) {
    Map<ErrataPlatform, List<String>> copy = new EnumMap<>(ErrataPlatform.class);
    copy.putAll(own);
    return copy;
  }
}
