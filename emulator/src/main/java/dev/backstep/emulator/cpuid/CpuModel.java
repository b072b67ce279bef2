package dev.backstep.emulator.cpuid;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// A CPU that can be asked for by name. No model has a feature that is not implemented, whatever
/// the part that it is named after had.
///
/// FPU, SSE and SSE2 are enumerated because the registers, their moves, integer operations and
/// state images work, and because 64-bit mode implies them; floating-point arithmetic does not work
/// yet.
public enum CpuModel {
  /// Everything that is implemented.
  MAX("max", null, "Backstep Virtual CPU", new Signature(6, 15, 11), allImplemented()),

  /// QEMU's default model, as far as it is implemented; family, model and stepping are QEMU's.
  QEMU64(
      "qemu64",
      null,
      "QEMU Virtual CPU version 2.5+",
      new Signature(15, 107, 1),
      with(base(), CpuFeature.CX16, CpuFeature.LAHF_LM)),

  /// AMD's first 64-bit part.
  OPTERON_G1(
      "Opteron_G1",
      Vendor.AMD,
      "AMD Opteron 240 (Gen 1 Class Opteron)",
      new Signature(15, 6, 1),
      base());

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

  private static final int PHYSICAL_ADDRESS_BITS = 46;

  private final String modelName;
  private final @Nullable Vendor vendor;
  private final String brand;
  private final Signature signature;
  private final Set<CpuFeature> features;

  CpuModel(
      String modelName,
      @Nullable Vendor vendor,
      String brand,
      Signature signature,
      EnumSet<CpuFeature> features) {
    this.modelName = modelName;
    this.vendor = vendor;
    this.brand = brand;
    this.signature = signature;
    this.features = Collections.unmodifiableSet(features);
  }

  public String modelName() {
    return modelName;
  }

  /// Who made it; null: whom the platform names.
  public @Nullable Vendor vendor() {
    return vendor;
  }

  /// The brand string, at most 47 characters.
  public String brand() {
    return brand;
  }

  public Signature signature() {
    return signature;
  }

  public Set<CpuFeature> features() {
    return features;
  }

  public int physicalAddressBits() {
    return PHYSICAL_ADDRESS_BITS;
  }

  /// The model of QEMU's name, in any case, or null.
  public static @Nullable CpuModel byName(String name) {
    for (CpuModel model : values()) {
      if (model.modelName.equalsIgnoreCase(name)) {
        return model;
      }
    }
    return null;
  }

  /// The names, for messages.
  public static String names() {
    var names = new StringJoiner(", ");
    for (CpuModel model : values()) {
      names.add(model.modelName);
    }
    return names.toString();
  }

  /// Every feature that works.
  public static Set<CpuFeature> implemented() {
    return MAX.features;
  }

  private static EnumSet<CpuFeature> base() {
    return EnumSet.of(
        CpuFeature.FPU,
        CpuFeature.DE,
        CpuFeature.PSE,
        CpuFeature.TSC,
        CpuFeature.MSR,
        CpuFeature.PAE,
        CpuFeature.MCE,
        CpuFeature.CX8,
        CpuFeature.APIC,
        CpuFeature.SEP,
        CpuFeature.MTRR,
        CpuFeature.PGE,
        CpuFeature.MCA,
        CpuFeature.CMOV,
        CpuFeature.PAT,
        CpuFeature.PSE36,
        CpuFeature.CLFLUSH,
        CpuFeature.MMX,
        CpuFeature.FXSR,
        CpuFeature.SSE,
        CpuFeature.SSE2,
        CpuFeature.SYSCALL,
        CpuFeature.NX,
        CpuFeature.LM);
  }

  private static EnumSet<CpuFeature> allImplemented() {
    return with(
        base(),
        CpuFeature.CX16,
        CpuFeature.X2APIC,
        CpuFeature.MOVBE,
        CpuFeature.POPCNT,
        CpuFeature.TSC_DEADLINE_TIMER,
        CpuFeature.XSAVE,
        CpuFeature.FSGSBASE,
        CpuFeature.TSC_ADJUST,
        CpuFeature.SMEP,
        CpuFeature.SMAP,
        CpuFeature.CLFLUSHOPT,
        CpuFeature.CLWB,
        CpuFeature.UMIP,
        CpuFeature.RDPID,
        CpuFeature.PDPE1GB,
        CpuFeature.RDTSCP,
        CpuFeature.LAHF_LM,
        CpuFeature.ABM,
        CpuFeature.PREFETCHW,
        CpuFeature.ARAT,
        CpuFeature.CONSTANT_TSC);
  }

  private static EnumSet<CpuFeature> with(EnumSet<CpuFeature> some, CpuFeature... more) {
    var all = EnumSet.copyOf(some);
    Collections.addAll(all, more);
    return all;
  }
}
