package dev.backstep.replay.listing;

/// One instruction of a journaled block.
///
/// @param rip effective address
/// @param gpa guest-physical address of its first byte
/// @param bytes its bytes
/// @param mnemonic lower case, e.g. `wrmsr`; `(bad)` if the bytes are no instruction
/// @param text disassembled, Intel syntax
public record BlockInstruction(long rip, long gpa, byte[] bytes, String mnemonic, String text) {}
