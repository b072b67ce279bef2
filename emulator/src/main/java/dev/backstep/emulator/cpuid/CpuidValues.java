package dev.backstep.emulator.cpuid;

/// What CPUID answers for one leaf and subleaf.
public record CpuidValues(int eax, int ebx, int ecx, int edx) {
  static final CpuidValues ZERO = new CpuidValues(0, 0, 0, 0);
}
