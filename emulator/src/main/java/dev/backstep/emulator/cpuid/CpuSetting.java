package dev.backstep.emulator.cpuid;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What `-cpu MODEL[,+flag][,-flag][,flag=on|off][,vendor=NAME][,phys-bits=N]` asks for: a model
/// with its changes.
///
/// @param vendor who CPUID names, or null for the platform's
/// @param features the model's, changed by the flags
/// @param physicalAddressBits MAXPHYADDR
public record CpuSetting(
    CpuModel model, @Nullable Vendor vendor, Set<CpuFeature> features, int physicalAddressBits) {
  /// Narrower would not hold 64 GiB, wider is not a page-table address.
  private static final int LEAST_PHYSICAL_BITS = 36;

  private static final int MOST_PHYSICAL_BITS = 52;

  /// @throws IllegalArgumentException one line that names what is wrong and what would be right
  public static CpuSetting parse(String text) {
    int comma = text.indexOf(',');
    String name = comma < 0 ? text : text.substring(0, comma);
    CpuModel model = CpuModel.byName(name);
    if (model == null) {
      throw new IllegalArgumentException(
          "-cpu %s: no such CPU model; there are %s".formatted(name, CpuModel.names()));
    }
    var parser = new Parser(model);
    int from = comma;
    while (from >= 0) {
      int next = text.indexOf(',', from + 1);
      parser.apply(text.substring(from + 1, next < 0 ? text.length() : next));
      from = next;
    }
    parser.finish();
    return new CpuSetting(model, parser.vendor, parser.features, parser.physicalAddressBits);
  }

  private static final class Parser {
    private final EnumSet<CpuFeature> features;
    private final EnumSet<CpuFeature> asked = EnumSet.noneOf(CpuFeature.class);
    private @Nullable Vendor vendor;
    private int physicalAddressBits;

    Parser(CpuModel model) {
      features = EnumSet.copyOf(model.features());
      vendor = model.vendor();
      physicalAddressBits = model.physicalAddressBits();
    }

    void apply(String item) {
      if (item.startsWith("+")) {
        add(item.substring(1));
        return;
      }
      if (item.startsWith("-")) {
        remove(item.substring(1));
        return;
      }
      int equals = item.indexOf('=');
      String key = equals < 0 ? item : item.substring(0, equals);
      set(key, equals < 0 ? "on" : item.substring(equals + 1));
    }

    private void set(String key, String value) {
      switch (key) {
        case "vendor" -> setVendor(value);
        case "phys-bits" -> setPhysicalBits(value);
        // The host of a guest is this emulator.
        case "host-phys-bits" -> {
          if (isOn(key, value)) {
            physicalAddressBits = CpuModel.MAX.physicalAddressBits();
          }
        }
        // The first two ask that no feature be dropped silently: none ever is. The others speak of
        // migration, and of Hyper-V, of which there is nothing to pass through.
        case "check", "enforce", "migratable", "hv_passthrough" -> isOn(key, value);
        default -> {
          if (isOn(key, value)) {
            add(key);
          } else {
            remove(key);
          }
        }
      }
    }

    private static boolean isOn(String key, String value) {
      return switch (value) {
        case "on", "true", "yes" -> true;
        case "off", "false", "no" -> false;
        default ->
            throw new IllegalArgumentException(
                "-cpu %s=%s: a flag is set with on or off".formatted(key, value));
      };
    }

    private void setVendor(String value) {
      vendor = Vendor.bySignature(value);
      if (vendor == null) {
        throw new IllegalArgumentException(
            "-cpu vendor=%s: GenuineIntel or AuthenticAMD is meant".formatted(value));
      }
    }

    private void setPhysicalBits(String value) {
      int bits;
      try {
        bits = Integer.parseInt(value);
      } catch (NumberFormatException _) {
        bits = 0;
      }
      if (bits < LEAST_PHYSICAL_BITS || bits > MOST_PHYSICAL_BITS) {
        throw new IllegalArgumentException(
            "-cpu phys-bits=%s: a number from %d to %d is needed"
                .formatted(value, LEAST_PHYSICAL_BITS, MOST_PHYSICAL_BITS));
      }
      physicalAddressBits = bits;
    }

    private void add(String flag) {
      CpuFeature feature = feature(flag);
      if (!CpuModel.implemented().contains(feature)) {
        throw new IllegalArgumentException(
            "-cpu +%s: this feature is not implemented; `backstep platforms` lists those that are"
                .formatted(flag));
      }
      features.add(feature);
      asked.add(feature);
    }

    private void remove(String flag) {
      CpuFeature feature = feature(flag);
      features.remove(feature);
      asked.remove(feature);
    }

    /// What was asked for must have what it builds on; what the model brought goes with it.
    void finish() {
      for (CpuFeature feature : asked) {
        CpuFeature needed = FeatureDependencies.lacks(features, feature);
        if (needed != null) {
          throw new IllegalArgumentException(
              "-cpu +%s: it needs %s, which this CPU lacks; add +%s before it"
                  .formatted(feature.flag(), needed.flag(), needed.flag()));
        }
      }
      FeatureDependencies.removeUnsupported(features);
    }

    private static CpuFeature feature(String flag) {
      CpuFeature feature = CpuFeature.byFlag(flag);
      if (feature == null) {
        throw new IllegalArgumentException(
            "-cpu %s: unknown CPU flag; `backstep platforms` lists the flags".formatted(flag));
      }
      return feature;
    }
  }
}
