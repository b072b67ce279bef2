package dev.backstep.emulator.execution;

/// Spins the [Operation] of an instruction.
public final class OperationFactory {}
