package dev.backstep.emulator.cpuid;

/// By what the x87's data pointer and its selectors behave: CPUID.(7,0):EBX\[6\] FDP_EXCPTN_ONLY
/// and \[13\] ZERO_FCS_FDS, which are set where the old behaviour is gone. Linux errata.rst, "x87
/// features".
public enum X87Pointers {
  /// By what CPUID enumerates: a processor and its CPUID agree.
  AS_ENUMERATED,

  /// By what the processor of the model has. A hypervisor can answer CPUID as it likes; the FPU is
  /// the hardware's.
  OF_MODEL,

  /// The same, and CPUID always shows both bits: what errata.rst recommends.
  OF_MODEL_AND_SHOWN_AS_GONE
}
