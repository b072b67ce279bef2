package dev.backstep.emulator.cpuid;

import org.jspecify.annotations.Nullable;

/// Who CPUID says made the processor, and what guests may conclude from it. Code elsewhere asks by
/// the behaviour.
public enum Vendor {
  INTEL("GenuineIntel"),
  AMD("AuthenticAMD");

  private final String signature;

  Vendor(String signature) {
    this.signature = signature;
  }

  /// The twelve characters of leaf 0.
  public String signature() {
    return signature;
  }

  /// The vendor of a `vendor=` setting, or null.
  public static @Nullable Vendor bySignature(String signature) {
    for (Vendor vendor : values()) {
      if (vendor.signature.equals(signature)) {
        return vendor;
      }
    }
    return null;
  }
}
