package dev.backstep.replay.listing;

/// One executed instruction.
///
/// @param position instructions the machine had retired before
/// @param vcpu which vCPU ran it
/// @param instruction what it was
public record ListedInstruction(long position, int vcpu, BlockInstruction instruction) {}
