package dev.backstep.cli.errata;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/// The platforms that are compared; a column of the table each.
public enum ErrataPlatform {
  BARE_METAL_INTEL("bare-metal-intel"),
  BARE_METAL_AMD("bare-metal-amd"),
  KVM_INTEL("kvm-intel"),
  KVM_AMD("kvm-amd");

  private final String label;

  ErrataPlatform(String label) {
    this.label = label;
  }

  /// As `--platform` names it.
  public String label() {
    return label;
  }

  /// The platform of that name.
  public static Optional<ErrataPlatform> named(String label) {
    return Arrays.stream(values()).filter(platform -> platform.label.equals(label)).findFirst();
  }

  /// All names, for messages.
  public static String labels() {
    return Arrays.stream(values()).map(ErrataPlatform::label).collect(Collectors.joining(", "));
  }
}
