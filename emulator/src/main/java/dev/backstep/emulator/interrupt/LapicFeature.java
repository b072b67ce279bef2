package dev.backstep.emulator.interrupt;

/// What local APICs of a CPU model may or may not have.
public enum LapicFeature {
  /// CPUID.1:ECX\[21\].
  X2APIC,
  /// CPUID.1:ECX\[24\]: timer mode 2 and IA32_TSC_DEADLINE.
  TSC_DEADLINE
}
