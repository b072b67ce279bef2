package dev.backstep.emulator.cpuid;

import dev.backstep.emulator.cpuid.CacheLevel.Kind;
import dev.backstep.emulator.cpuid.CpuPart.LeafRange;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// A CPU that can be asked for by name. Those named after a part have its signature, brand, caches,
/// address sizes and leaves, and of its features those that are implemented: what CPUID enumerates
/// works, and what a model lacks is undefined or reserved.
public enum CpuModel {
  /// Everything that is implemented, but for what only AMD makes, and for what must be asked for.
  MAX(
      new CpuPart(
          "max",
          null,
          "Backstep Virtual CPU",
          new Signature(6, 15, 11),
          null,
          52,
          genericCaches(),
          ImplementedFeatures.ofMax())),

  /// QEMU's default model; family, model and stepping are QEMU's.
  QEMU64(
      new CpuPart(
          "qemu64",
          null,
          "QEMU Virtual CPU version 2.5+",
          new Signature(15, 107, 1),
          null,
          46,
          genericCaches(),
          PartFeatures.QEMU64)),

  /// AMD's first 64-bit part, as QEMU has it.
  OPTERON_G1(
      new CpuPart(
          "Opteron_G1",
          Vendor.AMD,
          "AMD Opteron 240 (Gen 1 Class Opteron)",
          new Signature(15, 6, 1),
          null,
          46,
          genericCaches(),
          PartFeatures.OPTERON_G1)),

  HASWELL(
      new CpuPart(
          "Haswell",
          Vendor.INTEL,
          "Intel(R) Core(TM) i7-4770 CPU @ 3.40GHz",
          new Signature(6, 0x3C, 3),
          new LeafRange(0xD, 0x8000_0008),
          39,
          caches(data(32, 8), code(32, 8), second(256, 8, 0), third(8 << 10, 16, 0, 6)),
          PartFeatures.HASWELL)),

  SKYLAKE_SERVER(
      new CpuPart(
          "Skylake-Server",
          Vendor.INTEL,
          "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz",
          new Signature(6, 0x55, 4),
          new LeafRange(0x16, 0x8000_0008),
          46,
          caches(data(32, 8), code(32, 8), second(1 << 10, 16, 0), third(28160, 11, 0, 4)),
          PartFeatures.SKYLAKE_SERVER)),

  SAPPHIRE_RAPIDS(
      new CpuPart(
          "SapphireRapids",
          Vendor.INTEL,
          "Intel(R) Xeon(R) Platinum 8480+",
          new Signature(6, 0x8F, 8),
          new LeafRange(0x20, 0x8000_0008),
          52,
          caches(data(48, 12), code(32, 8), second(2 << 10, 16, 0), third(105 << 10, 15, 0, 4)),
          PartFeatures.SAPPHIRE_RAPIDS)),

  EPYC(
      new CpuPart(
          "EPYC",
          Vendor.AMD,
          "AMD EPYC 7601 32-Core Processor",
          new Signature(0x17, 1, 2),
          new LeafRange(0xD, 0x8000_001F),
          48,
          caches(data(32, 8), code(64, 4), second(512, 8, 2), third(8 << 10, 16, 4, 1)),
          PartFeatures.NAPLES)),

  EPYC_ROME(
      new CpuPart(
          "EPYC-Rome",
          Vendor.AMD,
          "AMD EPYC 7742 64-Core Processor",
          new Signature(0x17, 0x31, 0),
          new LeafRange(0x10, 0x8000_0020),
          48,
          caches(data(32, 8), code(32, 8), second(512, 8, 2), third(16 << 10, 16, 4, 1)),
          PartFeatures.ROME)),

  EPYC_MILAN(
      new CpuPart(
          "EPYC-Milan",
          Vendor.AMD,
          "AMD EPYC 7763 64-Core Processor",
          new Signature(0x19, 1, 1),
          new LeafRange(0x10, 0x8000_0023),
          48,
          caches(data(32, 8), code(32, 8), second(512, 8, 2), third(32 << 10, 16, 8, 1)),
          PartFeatures.MILAN));

  /// Family, model and stepping as CPUID.1:EAX encodes them.
  public record Signature(int family, int model, int stepping) {
    int eax() {
      int extendedFamily = Math.max(family - 15, 0);
      return extendedFamily << 20
          | model >> 4 << 16
          | Math.min(family, 15) << 8
          | (model & 0xF) << 4
          | stepping;
    }
  }

  private final CpuPart part;
  private final Set<CpuFeature> features;

  CpuModel(CpuPart part) {
    this.part = part;
    var enumerated = EnumSet.copyOf(part.documented());
    enumerated.retainAll(ImplementedFeatures.ofParts());
    features = Collections.unmodifiableSet(enumerated);
  }

  CpuPart part() {
    return part;
  }

  public String modelName() {
    return part.name();
  }

  /// Who made it; null: whom the platform names.
  public @Nullable Vendor vendor() {
    return part.vendor();
  }

  /// The brand string, at most 47 characters.
  public String brand() {
    return part.brand();
  }

  public Signature signature() {
    return part.signature();
  }

  /// What CPUID enumerates.
  public Set<CpuFeature> features() {
    return features;
  }

  /// What the part has and this model has not, as it is not implemented.
  public Set<CpuFeature> missing() {
    var missing = EnumSet.copyOf(part.documented());
    missing.removeAll(ImplementedFeatures.all());
    return Collections.unmodifiableSet(missing);
  }

  public int physicalAddressBits() {
    return part.physicalAddressBits();
  }

  /// The model of QEMU's name, in any case, or null. The host of a guest is this emulator, so that
  /// `host` is `max`.
  public static @Nullable CpuModel byName(String name) {
    if (name.equalsIgnoreCase("host")) {
      return MAX;
    }
    for (CpuModel model : values()) {
      if (model.modelName().equalsIgnoreCase(name)) {
        return model;
      }
    }
    return null;
  }

  /// The names, for messages.
  public static String names() {
    var names = new StringJoiner(", ");
    for (CpuModel model : values()) {
      names.add(model.modelName());
    }
    return names.toString();
  }

  /// Every feature that works, and that `+flag` can therefore ask for.
  public static Set<CpuFeature> implemented() {
    return ImplementedFeatures.all();
  }

  private static List<CacheLevel> genericCaches() {
    return caches(data(32, 8), code(32, 8), second(1 << 10, 16, 0), third(16 << 10, 16, 0, 0));
  }

  private static List<CacheLevel> caches(CacheLevel... levels) {
    return List.of(levels);
  }

  private static CacheLevel data(int kibibytes, int ways) {
    return new CacheLevel(Kind.DATA, 1, kibibytes, ways, 1, 0);
  }

  private static CacheLevel code(int kibibytes, int ways) {
    return new CacheLevel(Kind.INSTRUCTIONS, 1, kibibytes, ways, 1, 0);
  }

  private static CacheLevel second(int kibibytes, int ways, int properties) {
    return new CacheLevel(Kind.UNIFIED, 2, kibibytes, ways, 1, properties);
  }

  private static CacheLevel third(int kibibytes, int ways, int sharers, int properties) {
    return new CacheLevel(Kind.UNIFIED, 3, kibibytes, ways, sharers, properties);
  }
}
