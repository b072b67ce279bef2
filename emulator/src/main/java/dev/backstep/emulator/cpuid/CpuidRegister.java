package dev.backstep.emulator.cpuid;

/// A register that CPUID answers in.
public enum CpuidRegister {
  EAX,
  EBX,
  ECX,
  EDX
}
