package dev.backstep.emulator.platform;

import dev.backstep.emulator.cpuid.X87Pointers;
import dev.backstep.emulator.injection.RealModeCodes;
import dev.backstep.emulator.interrupt.LowestPriority;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What `--platform` says, taken apart: `kvm-intel,kernel=6.10,noncoherent-dma=on`.
///
/// @param name the platform's
/// @param properties those that were given, each at most once
record PlatformSetting(String name, Map<PlatformProperty, String> properties) {
  PlatformSetting {
    properties = Collections.unmodifiableMap(properties);
  }

  /// The name alone.
  static String nameIn(String text) {
    int comma = text.indexOf(',');
    return comma < 0 ? text : text.substring(0, comma);
  }

  /// @param allowed what the platform of that name has
  /// @throws IllegalArgumentException one line that says what is wrong and what would be right
  static PlatformSetting parse(String text, Set<PlatformProperty> allowed) {
    String[] parts = text.split(",", -1);
    var properties = new EnumMap<PlatformProperty, String>(PlatformProperty.class);
    for (int k = 1; k < parts.length; k++) {
      int equals = parts[k].indexOf('=');
      String key = equals < 0 ? parts[k] : parts[k].substring(0, equals);
      PlatformProperty property = property(text, key, allowed);
      String value = equals < 0 ? "" : parts[k].substring(equals + 1);
      if (!property.choices().contains(value)) {
        throw refusal(
            text, "%s is one of %s, not \"%s\"", key, String.join(", ", property.choices()), value);
      }
      if (properties.put(property, value) != null) {
        throw refusal(text, "%s is given twice", key);
      }
    }
    return new PlatformSetting(parts[0], properties);
  }

  private static PlatformProperty property(String text, String key, Set<PlatformProperty> allowed) {
    PlatformProperty property = PlatformProperty.byKey(key);
    if (property != null && allowed.contains(property)) {
      return property;
    }
    throw refusal(text, "%s has no property \"%s\"; %s", nameIn(text), key, thereAre(allowed));
  }

  private static String thereAre(Set<PlatformProperty> allowed) {
    if (allowed.isEmpty()) {
      return "it has none";
    }
    var list = new StringBuilder("there are ");
    String separator = "";
    for (PlatformProperty property : PlatformProperty.values()) {
      if (allowed.contains(property)) {
        list.append(separator).append(property.key()).append('=');
        list.append(String.join("|", property.choices()));
        separator = ", ";
      }
    }
    return list.toString();
  }

  private static IllegalArgumentException refusal(String text, String format, Object... parts) {
    return new IllegalArgumentException("--platform " + text + ": " + format.formatted(parts));
  }

  private String value(PlatformProperty property) {
    return properties.getOrDefault(property, property.choices().getFirst());
  }

  KernelGeneration kernel() {
    return KernelGeneration.byRelease(value(PlatformProperty.KERNEL));
  }

  /// The quirks that KVM_CAP_DISABLE_QUIRKS2 can switch off: kvm_caps.supported_quirks.
  Set<Quirk> quirks() {
    Set<Quirk> known = kernel().quirks();
    if (value(PlatformProperty.SELF_SNOOP).equals("off")) {
      known.remove(Quirk.IGNORE_GUEST_PAT);
    }
    return known;
  }

  /// What KVM keeps for a machine with these quirks off.
  VmCapabilities capabilities(Set<Quirk> off) {
    VmCapabilities.Disabled earlier =
        kernel().keepsQuirksOff()
            ? VmCapabilities.Disabled.STAY_OFF
            : VmCapabilities.Disabled.COME_BACK;
    return new VmCapabilities(quirks(), off, earlier);
  }

  /// By what the pointers of the x87 behave under KVM.
  X87Pointers x87Pointers() {
    return value(PlatformProperty.X87_CPUID).equals("set")
        ? X87Pointers.OF_MODEL_AND_SHOWN_AS_GONE
        : X87Pointers.OF_MODEL;
  }

  LowestPriority lowestPriority() {
    return value(PlatformProperty.VECTOR_HASHING).equals("on")
        ? LowestPriority.VECTOR_HASHING
        : LowestPriority.ARBITRATION;
  }

  /// @param devices what the machine's devices say
  NoncoherentDma noncoherentDma(NoncoherentDma devices) {
    return switch (value(PlatformProperty.NONCOHERENT_DMA)) {
      case "on" -> NoncoherentDma.ASSIGNED;
      case "off" -> NoncoherentDma.NONE;
      default -> devices;
    };
  }

  VmEntryPolicy vmx() {
    return new VmEntryPolicy.Vmx(
        realModeCodes(),
        choice(PlatformProperty.VMX_ANY_ERRCODE),
        choice(PlatformProperty.VMX_ZERO_LEN_INJECT));
  }

  VmEntryPolicy svm() {
    return new VmEntryPolicy.Svm(realModeCodes());
  }

  private RealModeCodes realModeCodes() {
    return value(PlatformProperty.REAL_MODE_ERROR_CODE).equals("kept")
        ? RealModeCodes.KEPT
        : RealModeCodes.DROPPED;
  }

  /// On or off; null for auto.
  private @Nullable Boolean choice(PlatformProperty property) {
    String value = value(property);
    return value.equals("auto") ? null : Boolean.valueOf(value.equals("on"));
  }
}
