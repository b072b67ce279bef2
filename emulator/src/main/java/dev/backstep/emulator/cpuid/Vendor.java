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

  /// Whether the operand of an instruction is checked for alignment (#AC) before its pages are
  /// looked at (#PF), as AMD's processors do. SDM Vol. 3 "Priority Among Concurrent Events" has it
  /// the other way round.
  public boolean checksAlignmentFirst() {
    return this == AMD;
  }

  /// Whether the last byte of an image of state (FNSAVE, FXSAVE...) is looked at before those in
  /// the middle, as on an AMD EPYC; CR2 shows it. The manuals do not say.
  public boolean looksAtImageEnds() {
    return this == AMD;
  }

  /// Whether a near call looks at the stack slot before it looks at its target, as on an AMD EPYC
  /// of Zen 4. SDM Vol. 2 "CALL" has it the other way round.
  public boolean checksPushOfCallFirst() {
    return this == AMD;
  }

  /// Whether PREFETCH and PREFETCHW of a register are undefined; to Intel's processors they are
  /// NOP. APM Vol. 3 "PREFETCHlevel".
  public boolean refusesPrefetchOfRegister() {
    return this == AMD;
  }

  /// Whether the memory operand of SHA instructions may lie anywhere: so on an AMD EPYC of Zen 4,
  /// against SDM Vol. 2 "Exceptions Type 4".
  public boolean allowsMisalignedSha() {
    return this == AMD;
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
