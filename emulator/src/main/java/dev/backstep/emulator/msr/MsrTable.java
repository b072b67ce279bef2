package dev.backstep.emulator.msr;

/// What RDMSR and WRMSR do.
public final class MsrTable {}
