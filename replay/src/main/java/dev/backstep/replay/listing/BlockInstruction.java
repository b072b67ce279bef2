package dev.backstep.replay.listing;

import java.util.Arrays;

/// One instruction of a journaled block.
///
/// @param rip effective address
/// @param gpa guest-physical address of its first byte
/// @param bytes its bytes
/// @param mnemonic lower case, e.g. `wrmsr`; `(bad)` if the bytes are no instruction
/// @param text disassembled, Intel syntax
public record BlockInstruction(long rip, long gpa, byte[] bytes, String mnemonic, String text) {
  /// Whether both are the same bytes at the same place.
  public boolean isSameAs(BlockInstruction other) {
    return rip == other.rip
        && gpa == other.gpa
        && Arrays.equals(bytes, other.bytes)
        && mnemonic.equals(other.mnemonic);
  }
}
