package dev.backstep.emulator.cpuid;

/// What CPUID answers on each vCPU.
public final class CpuidTable {}
